//! `RVENV_*`: every option has a variable, each has its effect, and what is typed wins.

use std::collections::BTreeSet;
use std::fs;

use crate::help;
use crate::pythons::pythons;
use crate::sandbox::{Sandbox, tree};
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::{contains, is_empty};

/// Options that no variable stands for, and why.
const NONE: &[(&str, &str)] = &[
    (
        "--force",
        "a variable that is forgotten would take the guard away",
    ),
    (
        "delete --broken",
        "it turns ENV_DIR into a place to look for environments to delete",
    ),
    ("--dir", "it is what `man` is to do, not how"),
    ("--help", "asks for something else"),
    ("--version", "asks for something else"),
];

/// Every option of a help, and what is said of it.
fn options(help: &str) -> Vec<(String, String)> {
    let below = help.lines().skip_while(|line| *line != "Options:").skip(1);
    let mut options: Vec<(String, String)> = Vec::new();
    for line in below.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let mut words = line.split_whitespace().take(2);
        let flag = words.find(|word| word.starts_with("--"));
        // What is explained stands further in.
        if let Some(flag) = flag.filter(|_| !line.starts_with("        ")) {
            options.push((flag.to_owned(), String::new()));
        }
        if let Some((_, said)) = options.last_mut() {
            said.extend([" ", line.trim()]);
        }
    }
    options
}

#[test]
fn every_option_has_a_variable_of_its_name() {
    let mut seen = BTreeSet::new();
    for (file, help) in help::helps(&[]) {
        for (flag, said) in options(&help) {
            let name = flag.trim_start_matches('-').replace('-', "_");
            let variable = format!("[env: RVENV_{}]", name.to_uppercase());
            let command = file.trim_start_matches("rvenv-").trim_end_matches(".txt");
            let names = [format!("{command} {flag}"), flag];
            let is_excepted = NONE
                .iter()
                .any(|(none, _)| names.contains(&(*none).to_owned()));
            assert_ne!(said.contains(&variable), is_excepted, "{file}: {said}");
            seen.extend(names);
        }
    }
    assert!(seen.contains("--link-mode") && seen.contains("--dry-run"));
    let unseen = NONE.iter().find(|(flag, _)| !seen.contains(*flag));
    assert_eq!(unseen, None);
}

/// Variables of flags, each with what is only so where it is set.
type Effect = fn(&Sandbox) -> bool;

fn create(sandbox: &Sandbox, args: &[&str]) -> String {
    let head = ["--without-pip", "env"].iter().chain(args);
    let output = sandbox.rvenv(head).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn configured(sandbox: &Sandbox, line: &str) -> bool {
    create(sandbox, &[]);
    let text = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap_or_default();
    text.lines().any(|own| own == line)
}

/// What `rvenv ARGS` says, on both streams.
fn said(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox.rvenv(args).output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

const EFFECTS: &[(&str, &str, Effect)] = &[
    ("RVENV_SYSTEM_SITE_PACKAGES", "1", |sandbox| {
        configured(sandbox, "include-system-site-packages = true")
    }),
    ("RVENV_COPIES", "1", |sandbox| {
        create(sandbox, &[]);
        !sandbox.path("env/bin/python3").is_symlink()
    }),
    ("RVENV_CLEAR", "1", |sandbox| {
        create(sandbox, &["--upgrade"]);
        sandbox.write("env/mine", "");
        create(sandbox, &[]);
        !sandbox.path("env/mine").exists()
    }),
    ("RVENV_UPGRADE", "1", |sandbox| {
        create(sandbox, &["--clear"]);
        fs::remove_file(sandbox.path("env/bin/activate")).unwrap();
        create(sandbox, &[]).contains("activate")
    }),
    ("RVENV_ENSURE", "1", |sandbox| {
        create(sandbox, &["--clear"]);
        let before = tree(sandbox.path("env"));
        create(sandbox, &[]);
        tree(sandbox.path("env")) == before
    }),
    ("RVENV_WITHOUT_PIP", "1", |sandbox| {
        sandbox.rvenv(["env"]).assert().success();
        !sandbox.path("env/bin/pip").exists()
    }),
    ("RVENV_PROMPT", "me", |sandbox| {
        configured(sandbox, "prompt = 'me'") || configured(sandbox, "prompt = me")
    }),
    ("RVENV_UPGRADE_DEPS", "1", |sandbox| {
        create(sandbox, &[]).contains("pip")
    }),
    ("RVENV_WITHOUT_SCM_IGNORE_FILES", "1", |sandbox| {
        create(sandbox, &[]);
        !sandbox.path("env/.gitignore").exists()
    }),
    ("RVENV_PYTHON", "./nowhere", |sandbox| {
        said(sandbox, &["python", "find"]).contains("nowhere")
    }),
    ("RVENV_LINK_MODE", "nonsense", |sandbox| {
        create(sandbox, &[]).contains("--link-mode")
    }),
    ("RVENV_VERBOSE", "1", |sandbox| {
        create(sandbox, &[]).contains("using ")
    }),
    ("RVENV_QUIET", "1", |sandbox| {
        said(sandbox, &["cache", "list", "--cache-dir", "none"]).is_empty()
    }),
    ("RVENV_COLOR", "always", |sandbox| {
        said(sandbox, &["delete", "nowhere"]).contains("\x1b[")
    }),
    ("RVENV_CACHE_DIR", "elsewhere", |sandbox| {
        said(sandbox, &["cache", "dir"]).contains("elsewhere")
    }),
    ("RVENV_SHELL", "fish", |sandbox| {
        create(sandbox, &[]);
        said(sandbox, &["activate-script", "env"]).contains("set -g")
    }),
    ("RVENV_JSON", "1", |sandbox| {
        said(sandbox, &["delete", "nowhere"]).starts_with('{')
    }),
    ("RVENV_BROKEN", "1", |sandbox| {
        create(sandbox, &[]);
        said(sandbox, &["list"]).contains("no broken environment")
    }),
    ("RVENV_DEPTH", "0", |sandbox| {
        create(sandbox, &[]);
        said(sandbox, &["list"]).contains("there is no environment")
    }),
    ("RVENV_YES", "1", |sandbox| {
        create(sandbox, &[]);
        fs::remove_file(sandbox.path("env/bin/python3")).unwrap();
        said(sandbox, &["delete", "--broken"]);
        !sandbox.path("env").exists()
    }),
    ("RVENV_TEMP", "1", |sandbox| {
        create(sandbox, &[]);
        said(sandbox, &["run", "-v", "--", "true"]).contains("using ")
    }),
    ("RVENV_WITH", "./nowhere.whl", |sandbox| {
        said(sandbox, &["run", "--temp", "--", "true"]).contains("nowhere.whl")
    }),
    ("RVENV_DRY_RUN", "1", |sandbox| {
        create(sandbox, &[]);
        said(sandbox, &["delete", "env"]);
        sandbox.path("env").exists()
    }),
    ("RVENV_DEEP", "1", |sandbox| {
        create(sandbox, &[]);
        let copied = sandbox.path("env/bin/python3");
        fs::remove_file(&copied).unwrap();
        fs::copy("/bin/false", &copied).unwrap();
        said(sandbox, &["check", "env"]).contains("Python does not work")
    }),
];

/// With a Python that writes a `.gitignore`, where there is one.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::with_shared_store();
    let newest = pythons().iter().max_by_key(|python| python.version);
    sandbox.set("RVENV_PYTHON", &newest.unwrap().path);
    sandbox.set("SHELL", "/bin/sh");
    sandbox
}

#[test]
fn every_variable_has_its_effect_unless_it_is_blank() {
    for &(variable, value, effect) in EFFECTS {
        let with = |value: &str| {
            let mut sandbox = sandbox();
            sandbox.set(variable, value);
            effect(&sandbox)
        };
        assert!(with(value), "{variable}={value} does nothing");
        let is_known = pythons().iter().any(|python| python.version >= (3, 13));
        if variable != "RVENV_WITHOUT_SCM_IGNORE_FILES" || is_known {
            assert!(!with(""), "{variable} does something though it is blank");
        }
    }
}

#[test]
fn no_variable_is_forgotten_here() {
    let helps = help::helps(&[]).into_values().collect::<String>();
    let named = helps.split("RVENV_").skip(1);
    let named: BTreeSet<&str> = named.map(|rest| rest.split(']').next().unwrap()).collect();
    let of_two = ["RVENV_SYMLINKS"]; // what is done without it
    let tested = EFFECTS.iter().map(|(variable, ..)| *variable);
    let tested = tested.chain(of_two).map(|name| &name["RVENV_".len()..]);
    assert_eq!(named, tested.collect());
}

#[test]
fn a_blank_variable_is_as_good_as_none() {
    let mut sandbox = Sandbox::new();
    for (variable, ..) in EFFECTS {
        sandbox.set(variable, "");
    }
    sandbox.set("RVENV_WITHOUT_PIP", "1");
    for args in [
        &["env"][..],
        &["activate-script", "env"],
        &["check", "env"],
        &["delete", "env"],
    ] {
        let assert = sandbox.rvenv(args).env("SHELL", "sh").assert();
        assert.success().stderr(is_empty().or(contains("healthy")));
    }
    assert!(!sandbox.path("env").exists());
}

#[test]
fn what_is_typed_wins_over_the_variable_of_another_flag() {
    let mut sandbox = sandbox();
    create(&sandbox, &[]);
    sandbox.write("env/mine", "");
    for variable in ["RVENV_CLEAR", "RVENV_COPIES"] {
        sandbox.set(variable, "1");
    }
    for flag in ["--upgrade", "--ensure"] {
        assert_eq!(create(&sandbox, &[flag]), "");
        assert!(sandbox.path("env/mine").exists());
    }
    create(&sandbox, &["--clear", "--symlinks"]);
    assert!(!sandbox.path("env/mine").exists());
    assert!(sandbox.path("env/bin/python3").is_symlink());
}

#[test]
fn two_variables_that_exclude_each_other_are_an_error() {
    let check = |one: &str, other: &str, args: &[&str], flag: &str| {
        let mut sandbox = sandbox();
        for variable in [one, other] {
            sandbox.set(variable, "1");
        }
        let said = create(&sandbox, args);
        let message = format!("error: `{one}` and `{other}` are both set\nhint: unset one");
        assert!(said.starts_with(&message), "{said}");
        assert!(!sandbox.path("env").exists());
        assert_eq!(create(&sandbox, &[flag]), "");
    };
    check("RVENV_CLEAR", "RVENV_UPGRADE", &[], "--clear");
    check("RVENV_UPGRADE", "RVENV_ENSURE", &["-v"], "--ensure");
    check("RVENV_SYMLINKS", "RVENV_COPIES", &[], "--copies");
}
