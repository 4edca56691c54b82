//! Bytecode, made by the very interpreter it is for.

use crate::error::Hinted;
use crate::sys::{parallel, process};
use crate::venv::interpreter::Interpreter;
use anyhow::Result;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

const COMPILE: &str = include_str!("compile.py");

/// How long compiling may take; an emulated machine needs minutes.
const LIMIT: Duration = Duration::from_secs(600);

/// A module to compile: its path relative to the tree, and its size in bytes, which tells how long it takes.
pub(super) type Module = (String, u64);

/// Compiles modules below `tree` with as many interpreters as there are cores, and returns the paths of the bytecode.
///
/// # Errors
/// When an interpreter fails; a module that does not compile is left without bytecode, as by pip.
pub(super) fn compile(
    interpreter: &Interpreter,
    tree: &Path,
    modules: Vec<Module>,
) -> Result<Vec<String>> {
    if interpreter.cache_tag.is_none() {
        return Ok(Vec::new());
    }
    let shares = share(modules, parallel::threads());
    thread::scope(|scope| {
        let workers: Vec<_> = shares
            .iter()
            .map(|share| scope.spawn(move || run(interpreter, tree, share)))
            .collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Ok(Vec::new())));
        Ok(results.collect::<Result<Vec<_>>>()?.concat())
    })
}

/// Deals modules out, largest first, so that all shares take about as long.
fn share(mut modules: Vec<Module>, workers: usize) -> Vec<String> {
    modules.sort_by_key(|(path, size)| (std::cmp::Reverse(*size), path.clone()));
    let mut shares = vec![String::new(); workers.min(modules.len())];
    for (index, (path, _)) in modules.iter().enumerate() {
        let count = shares.len();
        shares[index % count].extend([path, "\n"]);
    }
    shares
}

fn run(interpreter: &Interpreter, tree: &Path, paths: &str) -> Result<Vec<String>> {
    let mut command = Command::new(&interpreter.executable);
    command
        .args(["-I", "-S", "-B", "-W", "ignore", "-c", COMPILE])
        .arg(tree);
    let output = process::run(&mut command, paths.as_bytes(), LIMIT)?;
    if !output.status.success() {
        let message = format!(
            "`{}` failed to compile pip: {}",
            interpreter.executable.display(),
            output.last_complaint()
        );
        return Err(Hinted::error(
            message,
            "reinstall that Python, or leave pip out with `--without-pip`",
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.replace('\\', "/"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_module_is_lost_and_none_is_compiled_twice() {
        let modules = |count: u64| {
            (0..count)
                .map(|size| (format!("m{size}"), size))
                .collect::<Vec<_>>()
        };
        assert_eq!(share(modules(5), 2), ["m4\nm2\nm0\n", "m3\nm1\n"]);
        assert_eq!(share(modules(1), 4), ["m0\n"]);
        assert!(share(modules(0), 4).is_empty());
    }
}
