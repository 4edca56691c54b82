//! `Driver`: a shell with its strictest flags, and how the steps of a test are said to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::sandbox::{missing, note, search_path};

/// What a shell is told. Environments are numbered; `$E0` is the root of the first.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Activate(usize),
    /// Evaluates what `rvenv activate-script` prints.
    Evaluate(usize),
    Deactivate,
    Nondestructive,
    /// Exports a variable; the value is a plain word.
    Set(&'static str, &'static str),
    Unset(&'static str),
    /// Puts a folder before all of PATH, as a user does.
    Front(&'static str),
    /// Puts a folder after all of PATH.
    Back(&'static str),
    /// Runs the program `whose`, which every environment has and so has the system.
    Whose,
    /// Says what the variables are, under this label.
    Show(&'static str),
}

/// A shell that the tests are run in.
pub(super) struct Driver {
    /// As the tests and their messages call it.
    pub(super) name: &'static str,
    /// The program and its flags; the script follows.
    pub(super) command: &'static [&'static str],
    /// What makes it stricter than flags can.
    prelude: &'static str,
    pub(super) language: &'static Language,
}

/// What differs from one family of shells to the next.
pub(super) struct Language {
    /// The script to activate with.
    pub(super) script: &'static str,
    say: fn(Step, &Path) -> String,
}

const POSIX: Language = Language {
    script: "activate",
    say: posix,
};
const FISH: Language = Language {
    script: "activate.fish",
    say: fish,
};
const CSH: Language = Language {
    script: "activate.csh",
    say: csh,
};
const POWERSHELL: Language = Language {
    script: "Activate.ps1",
    say: powershell,
};
const NU: Language = Language {
    script: "activate.nu",
    say: nu,
};
const XONSH: Language = Language {
    script: "activate.xsh",
    say: xonsh,
};

const fn driver(
    name: &'static str,
    command: &'static [&'static str],
    prelude: &'static str,
    language: &'static Language,
) -> Driver {
    Driver {
        name,
        command,
        prelude,
        language,
    }
}

const ZSH_STRICT: &str = "setopt err_return pipe_fail warn_create_global ksh_arrays sh_word_split glob_subst \
    rc_expand_param ksh_typeset posix_builtins posix_identifiers no_case_match typeset_silent\n";
const PWSH_STRICT: &str = "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'\n";

/// Every shell of `SHELLS`, some of them twice: a name is followed by what is special about that row.
pub(super) const DRIVERS: &[Driver] = &[
    driver(
        "bash",
        &["bash", "--norc", "-euo", "pipefail"],
        "set +h\n",
        &POSIX,
    ),
    driver("bash posix", &["bash", "--posix", "-eu"], "", &POSIX),
    driver("zsh", &["zsh", "-f", "-eu"], "", &POSIX),
    driver("zsh strict", &["zsh", "-f", "-eu"], ZSH_STRICT, &POSIX),
    driver("zsh sh", &["zsh", "--emulate", "sh", "-eu"], "", &POSIX),
    driver("dash", &["dash", "-eu"], "", &POSIX),
    driver("sh", &["sh", "-eu"], "", &POSIX),
    driver("busybox", &["busybox", "sh", "-eu"], "", &POSIX),
    driver("ash", &["busybox", "ash", "-euo", "pipefail"], "", &POSIX),
    driver("ksh", &["ksh", "-eu"], "", &POSIX),
    driver("mksh", &["mksh", "-eu"], "", &POSIX),
    driver("yash", &["yash", "--norcfile", "-eu"], "", &POSIX),
    driver("fish", &["fish", "--no-config"], "", &FISH),
    driver("tcsh", &["tcsh", "-f", "-e"], "", &CSH),
    driver(
        "csh",
        &["csh", "-f"],
        "set nonomatch backslash_quote\n",
        &CSH,
    ),
    driver("nu", &["nu", "--no-config-file"], "", &NU),
    driver(
        "xonsh",
        &["xonsh", "--no-rc"],
        "$RAISE_SUBPROC_ERROR = True\n",
        &XONSH,
    ),
    driver(
        "pwsh",
        &["pwsh", "-NoProfile", "-File"],
        PWSH_STRICT,
        &POWERSHELL,
    ),
];

impl Driver {
    /// Where the program is; `None` if this machine has none, which is an error where all are required. There is no
    /// PowerShell in Debian, so that one may always be missing.
    pub(super) fn program(&self) -> Option<PathBuf> {
        let found = find(self.command[0]);
        if found.is_none() && self.name == "pwsh" {
            note("skipped: no pwsh on this machine");
        } else if found.is_none() {
            missing(self.name);
        }
        found
    }

    pub(super) fn is_posix(&self) -> bool {
        self.language.script == POSIX.script
    }

    /// Tells whether a folder of that name can be on PATH at all: xonsh expands variables there.
    pub(super) fn can_search(&self, name: &str) -> bool {
        self.name != "xonsh" || !name.contains("HOME")
    }

    /// `text` after what makes the shell stricter.
    pub(super) fn strictly(&self, text: &str) -> String {
        format!("{}{text}\n", self.prelude)
    }

    /// The script that says `steps`, for the environments at `roots`.
    pub(super) fn script(&self, roots: &[PathBuf], steps: &[Step]) -> String {
        let nowhere = PathBuf::new();
        let mut script = self.prelude.to_owned();
        for &step in steps {
            let root = match step {
                Step::Activate(at) | Step::Evaluate(at) => &roots[at],
                _ => &nowhere,
            };
            writeln!(script, "{}", (self.language.say)(step, root)).unwrap();
        }
        script
    }
}

/// A program on the PATH that the tests search.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let search = search_path();
    let mut found = std::env::split_paths(&search).map(|folder| folder.join(program));
    found.find(|path| path.is_file())
}

fn posix(step: Step, _: &Path) -> String {
    match step {
        Step::Activate(at) => format!(". \"$E{at}/bin/activate\""),
        Step::Evaluate(at) => format!("eval \"$(/bin/cat \"$E{at}/evaluate.activate\")\""),
        Step::Deactivate => "deactivate".to_owned(),
        Step::Nondestructive => "deactivate nondestructive".to_owned(),
        Step::Set(name, value) => format!("export {name}='{value}'"),
        Step::Unset(name) => format!("unset {name}"),
        Step::Front(folder) => format!("PATH=\"{folder}:$PATH\""),
        Step::Back(folder) => format!("PATH=\"$PATH:{folder}\""),
        Step::Whose => "whose".to_owned(),
        Step::Show(label) => format!("\"$SHOW\" {label}"),
    }
}

fn fish(step: Step, _: &Path) -> String {
    match step {
        Step::Activate(at) => format!("source \"$E{at}\"/bin/activate.fish"),
        Step::Evaluate(at) => format!("/bin/cat \"$E{at}\"/evaluate.activate.fish | source"),
        Step::Set(name, value) => format!("set -gx {name} {value}"),
        Step::Unset(name) => format!("set -e {name}"),
        Step::Front(folder) => format!("set PATH {folder} $PATH"),
        Step::Back(folder) => format!("set PATH $PATH {folder}"),
        Step::Show(label) => format!("$SHOW {label}"),
        other => posix(other, Path::new("")),
    }
}

fn csh(step: Step, _: &Path) -> String {
    match step {
        Step::Activate(at) => format!("source \"$E{at}/bin/activate.csh\""),
        Step::Evaluate(at) => format!("eval `/bin/cat \"$E{at}/evaluate.activate.csh\"`"),
        Step::Set(name, value) => format!("setenv {name} '{value}'"),
        Step::Unset(name) => format!("unsetenv {name}"),
        Step::Front(folder) => format!("set path = ({folder} $path:q)"),
        Step::Back(folder) => format!("setenv PATH \"$PATH\":{folder}"),
        other => posix(other, Path::new("")),
    }
}

fn powershell(step: Step, _: &Path) -> String {
    match step {
        Step::Activate(at) => format!(". \"$env:E{at}/bin/Activate.ps1\""),
        Step::Evaluate(at) => {
            format!("Get-Content -Raw \"$env:E{at}/evaluate.Activate.ps1\" | Invoke-Expression")
        }
        Step::Deactivate => "deactivate".to_owned(),
        Step::Nondestructive => "deactivate -NonDestructive".to_owned(),
        Step::Set(name, value) => format!("$env:{name} = '{value}'"),
        Step::Unset(name) => format!("Remove-Item Env:{name}"),
        Step::Front(folder) => format!("$env:PATH = \"{folder}:$env:PATH\""),
        Step::Back(folder) => format!("$env:PATH = \"${{env:PATH}}:{folder}\""),
        Step::Whose => "whose".to_owned(),
        Step::Show(label) => format!("& $env:SHOW {label}"),
    }
}

fn nu(step: Step, root: &Path) -> String {
    let script = root.join("bin/activate.nu").display().to_string();
    let script = script.replace('\\', r"\\").replace('"', "\\\"");
    match step {
        Step::Activate(_) | Step::Evaluate(_) => format!("overlay use \"{script}\""),
        Step::Set(name, value) => format!("$env.{name} = '{value}'"),
        Step::Unset(name) => format!("hide-env {name}"),
        Step::Front(folder) => format!("$env.PATH = ($env.PATH | prepend {folder})"),
        Step::Back(folder) => format!("$env.PATH = ($env.PATH | append {folder})"),
        Step::Whose => "^whose".to_owned(),
        Step::Show(label) => format!("^$env.SHOW {label}"),
        other => posix(other, root),
    }
}

fn xonsh(step: Step, _: &Path) -> String {
    match step {
        Step::Activate(at) => format!("source @($E{at} + '/bin/activate.xsh')"),
        Step::Evaluate(at) => format!("execx(open($E{at} + '/evaluate.activate.xsh').read())"),
        Step::Set(name, value) => format!("${name} = '{value}'"),
        Step::Unset(name) => format!("del ${name}"),
        Step::Front(folder) => format!("$PATH.insert(0, '{folder}')"),
        Step::Back(folder) => format!("$PATH.append('{folder}')"),
        Step::Show(label) => format!("@($SHOW) {label}"),
        other => posix(other, Path::new("")),
    }
}
