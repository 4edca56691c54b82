//! `rvenv ARGS` makes what `python -m venv ARGS` makes: each case is made twice at the same path, with both, for every
//! interpreter of the machine, and compared file by file and from inside. What may differ is `DIFFERENCES`, nothing else.
//!
//! A new case is one row in `cases`, a new way to have a Python one in `home::table`; `snapshot` compares two trees,
//! `bytecode` their `.pyc`, `arena` makes and asks; `damage` proves that they see what they should.

mod arena;
pub(crate) mod bytecode;
mod call;
mod case;
mod cases;
mod damage;
mod home;
mod snapshot;

use std::collections::BTreeMap;

use arena::Arena;
use case::Case;

use crate::pythons::pythons;
use crate::sandbox::note;

/// Something that is not as `python -m venv` makes it, on purpose.
pub(crate) struct Difference {
    /// As README's section "Differences" names it.
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
}

/// All that the comparison overlooks.
pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "activation scripts",
        reason: "one set of our own, quoted by construction; names and modes are those of that version's venv",
    },
    Difference {
        name: "`rvenv = VERSION`",
        reason: "the last line of pyvenv.cfg says who made the environment",
    },
    Difference {
        name: "`co_filename`",
        reason: "the path inside a .pyc is not the environment's, since environments share it; import corrects it",
    },
    Difference {
        name: "launchers",
        reason: "below a path with shell code in it they run no shell code (CVE-2026-113722)",
    },
    Difference {
        name: "`command`",
        reason: "U+0085, U+2028 and U+2029 are escaped, which some readers take for the end of a line",
    },
    Difference {
        name: "`--upgrade`",
        reason: "writes the activation scripts too, which venv leaves out",
    },
    Difference {
        name: "PyPy's `--copies`",
        reason: "leaves `../lib` out where it is the system's: Debian's PyPy would copy all of /usr/lib",
    },
];

/// Makes each case with each interpreter, and fails with the list of everything that differs.
#[track_caller]
fn check(cases: &[Case]) {
    let mut compared = 0;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for python in pythons() {
        for case in cases.iter().filter(|case| case.applies_to(python)) {
            let Some(arena) = Arena::new(python, case) else {
                continue;
            };
            compared += 1;
            for what in arena.differences() {
                let pythons = found.entry(format!("{} | {what}", case.name)).or_default();
                pythons.push(python.path.display().to_string());
            }
        }
    }
    note(&format!("{compared} pairs of environments compared"));
    let lines: Vec<String> = found
        .iter()
        .map(|(what, pythons)| format!("  {what}\n      {}", pythons.join(" ")))
        .collect();
    assert!(
        lines.is_empty(),
        "{} differences:\n{}\n",
        lines.len(),
        lines.join("\n")
    );
}

#[test]
fn environments_with_pip_are_the_same() {
    check(&cases::with_pip());
}

#[test]
fn environments_with_pip_below_a_long_path_with_spaces_are_the_same() {
    check(&cases::with_pip_below_a_long_path());
}

#[test]
fn environments_with_pip_and_options_are_the_same() {
    check(&cases::with_pip_and_options());
}

#[test]
fn every_option_does_the_same() {
    check(&cases::options());
}

#[test]
fn every_prompt_is_written_the_same() {
    check(&cases::prompts());
}

#[test]
fn every_way_to_name_the_target_leads_to_the_same() {
    check(&cases::targets());
}

#[test]
fn the_umask_is_obeyed_the_same() {
    check(&cases::umasks());
}

#[test]
fn a_second_run_over_an_environment_leaves_the_same() {
    check(&cases::second_runs());
}
