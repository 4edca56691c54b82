//! The table of cases: one row per thing that somebody can ask of `python -m venv`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::case::Case;

/// What is said of the copies of wheels that Debian's PyPy leaves.
const WHEELS: [&str; 1] = ["env/share"];

pub(super) fn with_pip() -> Vec<Case> {
    vec![Case::seeded("with pip", &["env"]).overlooking(&WHEELS)]
}

/// Spaces and more than 127 bytes make launchers of another form; the umask must reach what comes out of the store.
pub(super) fn with_pip_below_a_long_path() -> Vec<Case> {
    let folder = "a long folder with spaces/".repeat(6);
    vec![
        Case::seeded("with pip, long path with spaces, umask 027", &["env"])
            .within(&folder)
            .umask("027")
            .overlooking(&WHEELS),
    ]
}

pub(super) fn with_pip_and_options() -> Vec<Case> {
    vec![
        Case::sampled("with pip, a long path", &["env"]).within(&"long-folder-name/".repeat(12)),
        Case::sampled(
            "with pip, several options",
            &[
                "--copies",
                "--system-site-packages",
                "--prompt",
                "p q",
                "env",
            ],
        )
        .called(|it| it.sibling(&it.versioned())),
        Case::sampled("with pip, --clear", &["--clear", "env"]).over(&["env"]),
        Case::sampled("with pip, --upgrade", &["--upgrade", "env"]).over(&["env"]),
        Case::sampled("with pip, again, another prompt", &["--prompt", "p", "env"]).over(&["env"]),
        Case::sampled("with pip, a hostile path", &["env"])
            .within(r#"it's $(no) `no` "no" \ no"#)
            .overlooking(&["/bin/pip", "/bin/easy_install", "/RECORD: line"]),
        Case::sampled("pip into one without", &["env"]).over(&["--without-pip", "env"]),
    ]
}

/// What is said where only one of the two writes activation scripts.
const ACTIVATION: [&str; 2] = ["bin/activate", "bin/Activate.ps1"];

pub(super) fn options() -> Vec<Case> {
    vec![
        Case::new("--without-pip", &["env"]),
        Case::new("--copies", &["--copies", "env"]),
        Case::new("--symlinks", &["--symlinks", "env"]),
        Case::new("--system-site-packages", &["--system-site-packages", "env"]),
        Case::new(
            "--without-scm-ignore-files",
            &["--without-scm-ignore-files", "env"],
        ),
        Case::new("--clear where nothing is", &["--clear", "env"]),
        Case::new("--upgrade where nothing is", &["--upgrade", "env"]).overlooking(&ACTIVATION),
        Case::new(
            "many options, in another order",
            &[
                "--prompt",
                "p q",
                "--clear",
                "--copies",
                "--system-site-packages",
                "env",
            ],
        ),
        Case::new(
            "--upgrade and more",
            &["--upgrade", "--prompt=p", "--system-site-packages", "env"],
        )
        .overlooking(&ACTIVATION),
        Case::new(
            "--without-scm-ignore-files and more",
            &[
                "--without-scm-ignore-files",
                "--prompt",
                "p",
                "--clear",
                "env",
            ],
        ),
        Case::new(
            "options after the target",
            &["env", "--copies", "--system-site-packages"],
        ),
        Case::new("abbreviated options", &["--system-site", "--cop", "env"]),
        Case::new(
            "an option twice",
            &["--copies", "--copies", "--clear", "--clear", "env"],
        ),
        Case::new("two prompts", &["--prompt", "a", "--prompt", "b", "env"]),
        Case::new("a target after --", &["--", "env"]),
    ]
}

/// What `repr()` makes of a prompt is each version's own.
pub(super) fn prompts() -> Vec<Case> {
    let rows = [
        ("a prompt", "P"),
        ("an empty prompt", ""),
        ("a prompt of blanks", "  a  "),
        ("a single quote in the prompt", "it's"),
        ("double quotes in the prompt", "\"quoted\""),
        ("both quotes in the prompt", "it's \"q\" x"),
        ("a backslash in the prompt", r"C:\new\'"),
        (
            "shell code in the prompt",
            "$(echo no) `id` ${HOME} %n !! ~",
        ),
        ("letters in the prompt", "ünï 日本 𝜋"),
        (
            "invisible characters in the prompt",
            "a\u{a0}b\u{200b}c\u{ad}d\u{e000}e\u{2028}f\u{feff}",
        ),
        (
            "combining characters in the prompt",
            "e\u{301}\u{200d}\u{1f468}\u{1f3fd}",
        ),
        (
            "a prompt like a setting",
            "include-system-site-packages = true",
        ),
    ];
    let mut cases: Vec<Case> = rows
        .iter()
        .map(|(name, prompt)| Case::new(name, &["--prompt", prompt, "env"]))
        .collect();
    cases.extend([
        Case::new("--prompt .", &["--prompt", ".", "env"]).within("project"),
        Case::new(
            "--prompt . in a folder with quotes",
            &["--prompt", ".", "env"],
        )
        .within("it's \"a\" folder"),
        Case::new(
            "characters newer than some Pythons in the prompt",
            &["--prompt", "\u{1fae8}\u{1fa77}\u{1fadc}\u{10ec4}", "env"],
        )
        .overlooking(&["env/pyvenv.cfg: line"]),
        Case::new("--prompt=. for a nested one", &["--prompt=.", "a/env"]).inside(&["a/env"]),
    ]);
    cases
}

pub(super) fn targets() -> Vec<Case> {
    let row = |name, target| Case::new(name, &[target]);
    vec![
        row("./x", "./env"),
        row("trailing slash", "env/"),
        row("double slashes", ".//env//"),
        row("missing parents", "a/b/env").inside(&["a/b/env"]),
        row("a/../b with no a", "a/../env"),
        row("a/../b where a is a link", "a/../env").prepare(|work| {
            fs::create_dir_all(work.join("far/away")).unwrap();
            symlink("far/away", work.join("a")).unwrap();
        }),
        row("through a linked parent", "a/env")
            .inside(&["a/env"])
            .prepare(|work| {
                fs::create_dir(work.join("real")).unwrap();
                symlink("real", work.join("a")).unwrap();
            }),
        row("the current folder", ".").within("env").inside(&[""]),
        row("an empty folder of mode 700", "env").prepare(|work| {
            fs::create_dir(work.join("env")).unwrap();
            fs::set_permissions(work.join("env"), PermissionsExt::from_mode(0o700)).unwrap();
        }),
        row("a folder with other files", "env").prepare(|work| {
            fs::create_dir_all(work.join("env/bin")).unwrap();
            fs::write(work.join("env/notes.txt"), "mine").unwrap();
            fs::write(work.join("env/bin/tool"), "mine").unwrap();
        }),
        row("a folder that hands its group down", "env").prepare(|work| {
            fs::set_permissions(work, PermissionsExt::from_mode(0o2775)).unwrap();
        }),
        row("a name of letters", "ünï 日本").inside(&["ünï 日本"]),
        row("a hostile name", r#"it's "a" $(echo) `id` \ %n; {} #"#)
            .inside(&[r#"it's "a" $(echo) `id` \ %n; {} #"#]),
        row("a name with a dash", "./-env").inside(&["-env"]),
        Case::new("a name with a dash after --", &["--", "-env"]).inside(&["-env"]),
        row("a subcommand's name with ./", "./create").inside(&["create"]),
        row("a long path", "env").within(&"long-folder-name/".repeat(12)),
        Case::new("several", &["a", "b/c", "./d/"]).inside(&["a", "b/c", "d"]),
        Case::new("the same twice", &["env", "env"]),
        Case::new("several, the second is a file", &["a", "file", "c"])
            .failing()
            .prepare(|work| fs::write(work.join("file"), "mine").unwrap()),
    ]
}

pub(super) fn umasks() -> Vec<Case> {
    let rows = [
        ("umask 000", "000"),
        ("umask 002", "002"),
        ("umask 027", "027"),
        ("umask 077", "077"),
    ];
    let plain =
        rows.map(|(name, umask)| Case::new(name, &["a/env"]).inside(&["a/env"]).umask(umask));
    let copies = rows.map(|(name, umask)| Case::new(name, &["--copies", "env"]).umask(umask));
    plain.into_iter().chain(copies).collect()
}

pub(super) fn second_runs() -> Vec<Case> {
    let foreign = |work: &Path| {
        for folder in ["env/lib/python9.9", "env/bin", "env/share"] {
            fs::create_dir_all(work.join(folder)).unwrap();
            fs::write(work.join(folder).join("mine"), "mine").unwrap();
        }
    };
    vec![
        Case::new("again", &["env"]).over(&["env"]),
        Case::new("twice", &["env"]).twice(),
        Case::new("--copies twice", &["--copies", "env"]).twice(),
        Case::new("again with other files there", &["env"])
            .prepare(foreign)
            .over(&["env"]),
        Case::new(
            "again with other options",
            &["--system-site-packages", "--prompt", "p", "env"],
        )
        .over(&["env"]),
        Case::new("again without options", &["env"]).over(&[
            "--system-site-packages",
            "--prompt",
            "p",
            "env",
        ]),
        Case::new("--clear", &["--clear", "env"])
            .prepare(foreign)
            .over(&["env"]),
        Case::new("--clear twice", &["--clear", "env"]).twice(),
        Case::new("--clear and --copies", &["--clear", "--copies", "env"]).over(&["env"]),
        Case::new("--clear in the current folder", &["--clear", "."])
            .within("env")
            .inside(&[""])
            .over(&["."]),
        Case::new("--upgrade", &["--upgrade", "env"]).over(&["env"]),
        Case::new("--upgrade with other files there", &["--upgrade", "env"])
            .prepare(foreign)
            .over(&["env"]),
        Case::new("--upgrade of copies", &["--upgrade", "--copies", "env"])
            .over(&["--copies", "env"]),
        Case::new("again, umask 077", &["env"])
            .over(&["env"])
            .umask("077"),
    ]
}
