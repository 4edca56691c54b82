//! `rvenv activate-script`: which environment and which shell it is for; what it does in that shell is in `shells`.

use crate::pythons::pythons;
use crate::sandbox::Sandbox;
use std::fs;
use std::path::Path;

/// Makes environments, each with its own name for a prompt.
fn with(environments: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for environment in environments {
        let head = [
            "-p".as_ref(),
            pythons()[0].path.as_os_str(),
            "--without-pip".as_ref(),
        ];
        sandbox
            .rvenv(head.into_iter().chain([environment.as_ref()]))
            .assert()
            .success();
    }
    sandbox
}

/// Returns the environment that the script for `sh` is for.
#[track_caller]
fn chosen(sandbox: &Sandbox, args: &[&str]) -> String {
    let script = "eval \"$(\"$0\" activate-script \"$@\")\"; printf %s \"$VIRTUAL_ENV\"";
    let mut shell = sandbox.command("sh");
    let output = shell
        .args(["-c", script, crate::sandbox::RVENV])
        .args(args)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

/// It fails, says why and what to do, and prints nothing that a shell would evaluate.
#[track_caller]
fn check_refusal(sandbox: &Sandbox, args: &[&str], code: i32, message: &str, hint: &str) {
    let output = sandbox
        .rvenv(["activate-script"])
        .args(args)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(
        stderr.contains(message),
        "does not say `{message}`: {stderr}"
    );
    assert!(stderr.contains(hint), "does not advise `{hint}`: {stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_nearest_dot_venv_is_meant() {
    let mut sandbox = with(&[".venv", "other", "inner/.venv"]);
    let [outer, inner] = [".venv", "inner/.venv"].map(|name| sandbox.path(name));
    assert_eq!(Path::new(&chosen(&sandbox, &[])), outer);
    sandbox.enter("a/b");
    assert_eq!(Path::new(&chosen(&sandbox, &[])), outer);
    sandbox.enter("../../inner/c");
    assert_eq!(Path::new(&chosen(&sandbox, &[])), inner);
}

#[test]
fn without_a_dot_venv_the_only_environment_here_is_meant() {
    let sandbox = with(&[".project_name"]);
    sandbox.write("src/main.py", "");
    assert_eq!(
        Path::new(&chosen(&sandbox, &[])),
        sandbox.path(".project_name")
    );
    assert_eq!(
        Path::new(&chosen(&sandbox, &[".project_name"])),
        sandbox.path(".project_name")
    );
}

#[test]
fn of_several_none_is_meant() {
    let sandbox = with(&["one", "two"]);
    check_refusal(
        &sandbox,
        &["--shell", "sh"],
        1,
        "several environments",
        "name the one",
    );
    check_refusal(
        &sandbox,
        &["--shell", "sh"],
        1,
        "`one`, `two`",
        "name the one",
    );
}

#[test]
fn where_there_is_none_it_says_how_to_make_one() {
    let sandbox = Sandbox::new();
    sandbox.write("folder/file", "");
    check_refusal(
        &sandbox,
        &["--shell", "sh"],
        1,
        "there is no environment",
        "rvenv .venv",
    );
    check_refusal(
        &sandbox,
        &["--shell", "sh", "folder"],
        1,
        "it has no pyvenv.cfg",
        "rvenv folder",
    );
}

/// <https://peps.python.org/pep-0832/>
#[test]
fn a_redirect_file_says_where_the_environment_is() {
    let mut sandbox = with(&["envs/it"]);
    let expected = sandbox.path("envs/it");
    sandbox.enter("project");
    for text in ["../envs/it", "../envs/it\n", expected.to_str().unwrap()] {
        sandbox.write(".venv", text);
        assert_eq!(Path::new(&chosen(&sandbox, &[])), expected);
        assert_eq!(Path::new(&chosen(&sandbox, &[".venv"])), expected);
    }
    sandbox.write(".venv", "two\nlines\n");
    check_refusal(
        &sandbox,
        &["--shell", "sh"],
        1,
        "does not say where",
        "PEP 832",
    );
    sandbox.write(".venv", "../nowhere");
    check_refusal(
        &sandbox,
        &["--shell", "sh"],
        1,
        "nowhere` is not a virtual environment",
        "rvenv",
    );
}

/// venv writes the prompt as a Python string, virtualenv and uv as it is.
#[test]
fn environments_of_other_tools_are_activated_with_their_prompt() {
    let sandbox = with(&["env"]);
    let prompt = || {
        let line = "eval \"$(\"$0\" activate-script env)\"; printf %s \"$VIRTUAL_ENV_PROMPT\"";
        let mut shell = sandbox.command("sh");
        let output = shell
            .args(["-c", line, crate::sandbox::RVENV])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
    for (line, expected) in [
        ("", "env"),
        ("prompt = 'it\\'s'\n", "it's"),
        ("prompt = it's $x\n", "it's $x"),
    ] {
        sandbox.write("env/pyvenv.cfg", format!("home = /usr/bin\n{line}"));
        assert_eq!(prompt(), expected);
    }
}

/// The prompt of an environment that came with somebody's repository would be a line of a script.
#[test]
fn a_prompt_is_one_line_whatever_pyvenv_cfg_says() {
    let sandbox = with(&["env"]);
    sandbox.write(
        "env/pyvenv.cfg",
        "home = /usr/bin\nprompt = 'a\\nb\\x07; touch x'\n",
    );
    for shell in ["sh", "fish", "tcsh", "cmd", "nu", "powershell"] {
        let output = sandbox
            .rvenv(["activate-script", "--shell", shell, "env"])
            .output()
            .unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            !script.contains("\nb; touch x") && !script.contains('\x07'),
            "{shell}"
        );
    }
}

mod shell {
    use super::*;

    /// An interactive fish would end with it.
    #[test]
    fn fish_may_evaluate_it_too() {
        let sandbox = with(&[".venv"]);
        let Some(fish) = which::which("fish").ok() else {
            return crate::sandbox::missing("fish");
        };
        let line = format!(
            "eval \"$('{}' activate-script --shell fish)\"; echo $VIRTUAL_ENV",
            crate::sandbox::RVENV
        );
        let output = sandbox
            .command(fish)
            .args(["--no-config", "-c", &line])
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            stdout.trim(),
            sandbox.path(".venv").to_str().unwrap(),
            "{output:?}"
        );
    }

    #[test]
    fn the_shell_is_that_of_the_process_above() {
        let mut sandbox = with(&[".venv"]);
        sandbox.set("SHELL", "/bin/fish");
        assert_eq!(Path::new(&chosen(&sandbox, &[])), sandbox.path(".venv"));
    }

    /// The option wins over the process above, which is a shell itself.
    #[test]
    fn the_option_wins() {
        let sandbox = with(&[".venv"]);
        let line = "\"$0\" activate-script --shell fish; :";
        let output = sandbox
            .command("sh")
            .args(["-c", line, crate::sandbox::RVENV])
            .output()
            .unwrap();
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("set -gx VIRTUAL_ENV")
        );
    }

    #[test]
    fn an_unknown_shell_is_refused_with_the_names_of_those_that_are_known() {
        let sandbox = with(&[".venv"]);
        check_refusal(&sandbox, &["--shell", "4dos"], 2, "4dos", "fish");
    }

    #[test]
    fn help_shows_what_to_type_in_each() {
        let output = Sandbox::new()
            .rvenv(["activate-script", "--help"])
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        for usage in [
            "eval \"$(rvenv activate-script)\"",
            "rvenv activate-script | source",
            "Invoke-Expression",
        ] {
            assert!(help.contains(usage), "{usage}");
        }
    }
}
