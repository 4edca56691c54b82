//! The comparison is only worth what it notices: a copy of a tree is damaged in every way that matters, and each is found.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::SystemTime;

use super::snapshot::{SIGNATURE, differences};
use crate::pythons::{Python, pythons};
use crate::sandbox::Sandbox;

const CODE: &str = "def f(a, b=1):\n    return a in {'x', 'y'}, 1.5, (None, 'text')\n";

/// What is done to the copy, and what must be said of it; nothing where it is allowed to differ.
type Damage = (fn(&Path), Option<&'static str>);

const DAMAGES: &[Damage] = &[
    (|_| (), None),
    (|env| edit(env, "bin/activate", "else"), None),
    (
        |env| fs::remove_file(env.join("bin/activate")).unwrap(),
        Some("bin/activate: missing"),
    ),
    (|env| edit(env, "new", ""), Some("new: venv has no such")),
    (
        |env| mode(env, "bin", 0o700),
        Some("bin: mode is 0700, venv's is 0755"),
    ),
    (
        |env| mode(env, "bin/activate", 0o755),
        Some("bin/activate: mode is 0755"),
    ),
    (
        |env| relink(env, "lib64", "./lib"),
        Some("lib64: is a link to ./lib"),
    ),
    (
        |env| edit(env, "bin/pip", "#!/x y\n"),
        Some("bin/pip: line 1 is \"#!/x y\""),
    ),
    (
        |env| age(env, "pkg/a.py", SystemTime::UNIX_EPOCH),
        Some("pkg/__pycache__"),
    ),
    (
        |env| edit(env, "pip.dist-info/RECORD", "pkg/a.py,,\n"),
        Some("RECORD: line 1 is \"pkg/a.py,,\""),
    ),
    (
        |env| edit(env, "pyvenv.cfg", "home = /b\n"),
        Some("does not end with `rvenv"),
    ),
    (
        |env| append(env, "pyvenv.cfg", "x = y\n"),
        Some("does not end with `rvenv"),
    ),
    (
        |env| recompile(env, &CODE.replace("1.5", "2.5")),
        Some("venv has 1.5, here is 2.5"),
    ),
    (
        |env| recompile(env, &CODE.replace("'text'", "b'tex'")),
        Some("venv has 'text', here is bytes"),
    ),
    (
        |env| recompile(env, &CODE.replace("'y'", "'z'")),
        Some("here is \"'z'\""),
    ),
    (
        |env| recompile(env, &CODE.replace("    return", "\n    return")),
        Some("mtime and size"),
    ),
];

fn edit(env: &Path, name: &str, content: &str) {
    fs::write(env.join(name), content).unwrap();
}

fn append(env: &Path, name: &str, more: &str) {
    let content = fs::read_to_string(env.join(name)).unwrap();
    edit(env, name, &(content + more));
}

fn mode(env: &Path, name: &str, mode: u32) {
    fs::set_permissions(env.join(name), PermissionsExt::from_mode(mode)).unwrap();
}

fn relink(env: &Path, name: &str, target: &str) {
    fs::remove_file(env.join(name)).unwrap();
    symlink(target, env.join(name)).unwrap();
}

fn age(env: &Path, name: &str, modified: SystemTime) {
    let file = fs::File::options()
        .write(true)
        .open(env.join(name))
        .unwrap();
    file.set_modified(modified).unwrap();
}

/// Compiles other code; the source is as it was again afterwards, mtime included.
fn recompile(env: &Path, code: &str) {
    let source = env.join("pkg/a.py");
    let modified = fs::metadata(&source).unwrap().modified().unwrap();
    for content in [code, CODE] {
        fs::write(&source, content).unwrap();
        age(env, "pkg/a.py", modified);
        if content == code {
            compile(&pythons()[0], &source);
        }
    }
}

fn compile(python: &Python, source: &Path) {
    let command = [
        "-I",
        "-c",
        "import py_compile, sys; py_compile.compile(sys.argv[1], doraise=True)",
    ];
    let mut compiler = assert_cmd::Command::new(&python.path);
    compiler.args(command).arg(source).assert().success();
}

/// A tree with a file of each kind.
fn original(python: &Python, env: &Path) {
    for folder in ["bin", "lib", "pkg", "pip.dist-info"] {
        fs::create_dir_all(env.join(folder)).unwrap();
        mode(env, folder, 0o755);
    }
    let files = [
        ("bin/pip", "#!/x\n"),
        ("bin/activate", "some"),
        ("pyvenv.cfg", "home = /a\n"),
        ("pkg/a.py", CODE),
    ];
    for (name, content) in files
        .into_iter()
        .chain([("pip.dist-info/RECORD", "x,,\npkg/a.py,,\n")])
    {
        edit(env, name, content);
        mode(env, name, 0o644);
    }
    symlink("lib", env.join("lib64")).unwrap();
    compile(python, &env.join("pkg/a.py"));
}

#[test]
fn every_damage_is_found_and_nothing_else() {
    let python = &pythons()[0];
    let sandbox = Sandbox::new();
    let [first, second] = ["first", "second"].map(|name| sandbox.path(name));
    original(python, &first);
    for (number, (damage, expected)) in DAMAGES.iter().enumerate() {
        sandbox
            .command("cp")
            .arg("-a")
            .args([&first, &second])
            .assert()
            .success();
        append(&second, "pyvenv.cfg", SIGNATURE);
        damage(&second);
        let found = differences(python, &first, &second);
        let is_right = match expected {
            Some(text) => found.len() == 1 && found[0].contains(text),
            None => found.is_empty(),
        };
        assert!(
            is_right,
            "damage {number}: expected {expected:?}, found {found:?}"
        );
        fs::remove_dir_all(&second).unwrap();
    }
}
