//! `typist.py`: somebody at a terminal, who answers a program.

use std::ffi::OsStr;
use std::fs;
use std::process::Output;

use crate::pythons::pythons;
use crate::sandbox::Sandbox;

/// What a program draws on a terminal of its own, and how it ends, where `answer` is typed each time that it draws
/// `question`; no answer is the end of the input.
pub(crate) fn answered<A: AsRef<OsStr>>(
    sandbox: &Sandbox,
    [question, answer]: [&str; 2],
    program: &[A],
) -> Output {
    let driver = sandbox.home().join("typist.py");
    fs::write(&driver, include_str!("typist.py")).unwrap();
    let mut command = sandbox.command(&pythons()[0].path);
    command.arg(driver).args([question, answer]).args(program);
    command.output().unwrap()
}
