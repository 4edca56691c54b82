//! Environments that other tools have made: what these leave beyond what venv does is mended, or left alone.

use super::{assert_healthy, dist_info, packages, run, sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// virtualenv records the directories of bytecode, which may be missing.
#[test]
fn a_newer_pip_that_is_whole_stays() {
    let sandbox = sandbox();
    let old = dist_info(&sandbox, "env");
    let new = old.with_file_name("pip-99.0.dist-info");
    fs::rename(&old, &new).unwrap();
    let record = fs::read_to_string(new.join("RECORD")).unwrap();
    let names = old.file_name().unwrap().to_str().unwrap();
    let rows = "pip/__pycache__,,\npip/_internal/missing/__pycache__,,\n";
    let record = record.replace(names, "pip-99.0.dist-info") + rows;
    fs::write(new.join("RECORD"), record).unwrap();
    let before = packages(&sandbox, "env");
    fs::remove_file(sandbox.path("env/bin/python")).unwrap();
    for command in ["--ensure", "--upgrade"] {
        run(&sandbox, &[command, "env"]);
        assert!(packages(&sandbox, "env") == before, "{command} changed pip");
    }
}

#[test]
fn what_else_names_the_old_place_names_the_new_one() {
    let sandbox = sandbox();
    let old = sandbox.path("env").display().to_string();
    let launcher = format!("#!{old}/bin/python\nimport sys\nprint(sys.prefix)\n");
    let path = sandbox.write("env/bin/pip-unrecorded", &launcher);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    for script in ["activate.nu", "activate.xsh", "activate.bat"] {
        sandbox.write(format!("env/bin/{script}"), &old);
    }
    sandbox.write("env/bin/mine", "#!/elsewhere/bin/python3\n");
    fs::rename(sandbox.path("env"), sandbox.path("moved")).unwrap();
    run(&sandbox, &["--upgrade", "moved"]);
    assert_healthy(&sandbox, "moved");
    for name in [
        "activate.nu",
        "activate.xsh",
        "activate.bat",
        "pip-unrecorded",
    ] {
        let text = fs::read_to_string(sandbox.path("moved/bin").join(name)).unwrap();
        assert!(!text.contains(&old), "{name}: {text}");
    }
    let mut tool = sandbox.command(sandbox.path("moved/bin/pip-unrecorded"));
    let said = format!("{}\n", sandbox.path("moved").display());
    tool.assert().success().stdout(said);
    let mine = fs::read_to_string(sandbox.path("moved/bin/mine")).unwrap();
    assert_eq!(mine, "#!/elsewhere/bin/python3\n");
}

#[test]
fn an_activation_script_that_is_missing_is_written() {
    let sandbox = sandbox();
    fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
    let said = run(&sandbox, &["--ensure", "env"]);
    assert!(said.contains("mended: there is no script"), "{said}");
    assert_healthy(&sandbox, "env");
}
