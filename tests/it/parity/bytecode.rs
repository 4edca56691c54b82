//! Compares the `.pyc` of two trees as what they are, code objects, by asking the interpreter that reads them; and says
//! whether that interpreter would take them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

use crate::pythons::Python;

/// What differs between the files `names` below the two directories, or is not up to date below the second.
pub(crate) fn differences(python: &Python, roots: [&Path; 2], names: &[PathBuf]) -> Vec<String> {
    let mut command = Command::new(&python.path);
    command
        .args([
            "-I",
            "-B",
            "-W",
            "ignore",
            "-c",
            include_str!("bytecode.py"),
        ])
        .args(roots);
    let output = command
        .write_stdin(serde_json::to_vec(names).unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}
