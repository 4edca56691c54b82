//! What an environment's Python says of itself when it is started.

use crate::sys::{fs, process};
use crate::venv::check::{Anatomy, Finding, Kind, Mend};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a Python may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Prints the answer on a line of its own, behind what pip prints, which is run as far as its version.
const QUESTION: &str = r#"
import json, sys
answer = {"prefix": sys.prefix, "version": "%d.%d.%d" % sys.version_info[:3], "pip": None}
if "pip" in sys.argv:
    try:
        import runpy
        sys.argv = ["pip", "--version"]
        runpy.run_module("pip", run_name="__main__")
    except SystemExit as end:
        answer["pip"] = end.code and "it ends with %s" % end.code
    except BaseException as err:
        answer["pip"] = "%s: %s" % (type(err).__name__, err)
print("\n" + json.dumps(answer))
"#;

#[derive(Debug, Deserialize)]
struct Answer {
    prefix: String,
    version: String,
    /// Why pip cannot be imported.
    pip: Option<String>,
}

/// Starts its Python, which is there, and returns what that finds wrong.
pub(crate) fn findings(anatomy: &Anatomy) -> Vec<Finding> {
    let answer = match ask(anatomy) {
        Ok(answer) => answer,
        Err(problem) => {
            let message = format!("its Python does not work: {problem}");
            return vec![Finding::broken(Kind::PythonFails, message, Mend::Upgrade)];
        }
    };
    let findings = [
        prefix(anatomy, &answer),
        version(anatomy, &answer),
        pip(&answer),
    ];
    findings.into_iter().flatten().collect()
}

fn ask(anatomy: &Anatomy) -> Result<Answer, String> {
    let mut command = Command::new(anatomy.python());
    command.args(["-I", "-B", "-c", QUESTION]);
    if super::pip::is_there(anatomy) {
        command.arg("pip");
    }
    let output = process::run(&mut command, b"", LIMIT).map_err(|err| format!("{err:#}"))?;
    if !output.status.success() {
        return Err(output.last_complaint());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).map_err(|_| format!("it answers `{line}`"))
}

fn prefix(anatomy: &Anatomy, answer: &Answer) -> Option<Finding> {
    let message = format!("its Python is that of `{}`", answer.prefix);
    let is_other = fs::real(Path::new(&answer.prefix)) != fs::real(&anatomy.root);
    is_other.then(|| Finding::broken(Kind::PythonFails, message, Mend::Upgrade))
}

fn version(anatomy: &Anatomy, answer: &Answer) -> Option<Finding> {
    let minor = answer.version.rsplit_once('.').map(|(minor, _)| minor);
    let recorded = anatomy.version()?;
    let message = format!(
        "it was made of Python {recorded}, and its Python is {} now",
        answer.version
    );
    (minor != Some(&recorded.to_string()))
        .then(|| Finding::broken(Kind::AnotherVersion, message, Mend::Upgrade))
}

fn pip(answer: &Answer) -> Option<Finding> {
    let problem = answer.pip.as_ref()?;
    let message = format!("pip does not run: {problem}");
    Some(Finding::broken(
        Kind::PipNotImportable,
        message,
        Mend::Upgrade,
    ))
}
