//! What is recorded of a Python is what its own `-m venv` records, whatever way somebody has it.
//!
//! A new way is one row in `table`; `links`, `copies`, `environments` and `scripts` set them up.

mod copies;
mod environments;
mod links;
mod scripts;
mod table;

use std::fs;

use super::call::Ground;
use super::case::Case;
use super::check;
use crate::pythons::pythons;
use crate::sandbox::Sandbox;

#[test]
fn every_name_leads_to_the_same_home() {
    check(&table::names());
}

#[test]
fn every_spelling_of_a_path_leads_to_the_same_home() {
    check(&table::spellings());
}

#[test]
fn every_copy_leads_to_the_same_home() {
    check(&table::copies());
}

#[test]
fn every_build_leads_to_the_same_home() {
    check(&table::builds());
}

#[test]
fn every_environment_leads_to_the_same_home() {
    check(&table::environments());
}

#[test]
fn every_environment_of_another_tool_leads_to_the_same_home() {
    check(&table::environments_of_others());
}

#[test]
fn every_script_leads_to_the_same_home() {
    check(&table::scripts());
}

#[test]
fn every_way_leads_to_the_same_home_by_path_alone() {
    let ways = [table::names(), table::copies(), table::scripts()];
    let plain = ways
        .into_iter()
        .flatten()
        .filter(|case| case.args.len() == 2);
    let alone = plain.map(Case::alone_on_path);
    check(
        &table::searched()
            .into_iter()
            .chain(alone)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_path_that_no_file_can_say_is_refused_in_plain_words() {
    let sandbox = Sandbox::new();
    let path = links::not_utf8(&Ground::new(&pythons()[0], &sandbox));
    let output = sandbox.rvenv(["env", "-p"]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a path that is not UTF-8"), "{said}");
}

/// What a script says depends on who asks, where, and when.
#[test]
fn a_script_on_path_or_asked_for_is_never_recorded() {
    for python in pythons() {
        let mut sandbox = Sandbox::new();
        let shim = scripts::plain(&Ground::new(python, &sandbox));
        let real = python.path.canonicalize().unwrap();
        sandbox.set_path(shim.parent().unwrap());
        for request in [&[][..], &["-p", "python3"], &["-p", shim.to_str().unwrap()]] {
            let mut command = sandbox.rvenv(["--without-pip", "--clear", "env"]);
            command.args(request).assert().success();
            for name in ["python", "python3"] {
                let link = sandbox.path("env/bin").join(name);
                assert_eq!(link.canonicalize().unwrap(), real, "{request:?}");
            }
            let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
            assert!(!cfg.contains("shims"), "{cfg}");
        }
    }
}

/// Two spellings of one executable have two homes, whichever was asked about first.
#[test]
fn what_is_remembered_of_one_spelling_is_not_said_of_another() {
    for python in pythons() {
        let sandbox = Sandbox::new();
        let it = Ground::new(python, &sandbox);
        let all = [
            it.linked("a/python3"),
            it.linked("b/python3"),
            links::tree(&it),
            links::folder(&it),
        ];
        let all = [&all[..], &[it.real(), links::idle(&it)]].concat();
        for path in all.iter().chain(&all) {
            let args = ["--without-pip", "--clear", "env", "-p"];
            sandbox.rvenv(args).arg(path).assert().success();
            let home = "import os, sys; print(os.path.dirname(os.path.abspath(getattr(sys, '_base_executable', sys.executable))))";
            let output = sandbox
                .command(path)
                .args(["-S", "-c", home])
                .output()
                .unwrap();
            let expected = format!(
                "home = {}",
                String::from_utf8(output.stdout).unwrap().trim()
            );
            let cfg = fs::read_to_string(sandbox.path("env/pyvenv.cfg")).unwrap();
            assert_eq!(cfg.lines().next(), Some(&*expected), "{}", path.display());
        }
    }
}
