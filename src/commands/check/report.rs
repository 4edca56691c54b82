//! What was found, as lines for a person and as JSON.

use crate::commands::json::{self, FailureAt, Identity};
use crate::commands::print as write;
use crate::shell::SHELLS;
use crate::ui::{self, Ui};
use crate::venv::check::{Anatomy, Finding, Installer, Kind, Mend, Severity};
use crate::venv::pyvenv_cfg::FILE_NAME;
use anyhow::{Error, Result};
use serde::{Serialize, Serializer};

/// What checking one environment came to.
#[derive(Debug)]
pub(super) enum Report {
    Checked(Checked),
    /// It is none, as data and as it is.
    Failed(FailureAt, Error),
}

/// An environment and what is wrong with it.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Checked {
    #[serde(flatten)]
    pub(in crate::commands) identity: Identity,
    healthy: bool,
    findings: Vec<Said>,
}

/// A finding in the words that are printed.
#[derive(Debug, Serialize)]
struct Said {
    kind: Kind,
    severity: Severity,
    message: String,
    mend: String,
    #[serde(skip)]
    loses_packages: bool,
}

#[derive(Serialize)]
struct Reports<'a> {
    healthy: bool,
    environments: &'a [Report],
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Checked(checked) => checked.serialize(serializer),
            Self::Failed(failure, _) => failure.serialize(serializer),
        }
    }
}

impl Report {
    pub(super) fn is_healthy(&self) -> bool {
        matches!(self, Self::Checked(checked) if checked.is_healthy())
    }

    /// Prints it for a person.
    pub(super) fn say(&self, ui: Ui) -> Result<()> {
        match self {
            Self::Checked(checked) if ui.speaks() => write(checked.lines().as_bytes()),
            Self::Checked(_) => Ok(()),
            Self::Failed(_, err) => {
                ui.error(err);
                Ok(())
            }
        }
    }
}

impl Checked {
    pub(in crate::commands) fn new(anatomy: &Anatomy, findings: &[Finding]) -> Self {
        let said = |finding: &Finding| Said {
            kind: finding.kind,
            severity: finding.severity,
            message: finding.message.clone(),
            mend: command(&finding.mend, anatomy),
            loses_packages: finding.mend == Mend::Clear,
        };
        Self {
            identity: Identity::of(anatomy),
            healthy: !findings.iter().any(Finding::is_broken),
            findings: findings.iter().map(said).collect(),
        }
    }

    pub(in crate::commands) fn is_healthy(&self) -> bool {
        self.healthy
    }

    /// Returns the name of the first kind of thing that is broken.
    pub(in crate::commands) fn first_broken(&self) -> Option<String> {
        let kind = self.broken().next()?.kind;
        let name = serde_json::to_value(kind).ok()?;
        name.as_str().map(str::to_owned)
    }

    /// Returns whether its Python cannot be used, whatever else is broken.
    pub(in crate::commands) fn is_of_no_use(&self) -> bool {
        const FATAL: [Kind; 7] = [
            Kind::Configuration,
            Kind::Contradiction,
            Kind::BaseGone,
            Kind::AnotherSystem,
            Kind::AnotherVersion,
            Kind::TwoVersions,
            Kind::PythonFails,
        ];
        self.broken().any(|said| FATAL.contains(&said.kind))
    }

    /// Returns all that is broken, in a line.
    pub(in crate::commands) fn problems(&self) -> String {
        let messages: Vec<&str> = self.broken().map(|said| said.message.as_str()).collect();
        messages.join("; ")
    }

    fn broken(&self) -> impl Iterator<Item = &Said> {
        let findings = self.findings.iter();
        findings.filter(|said| said.severity == Severity::Broken)
    }

    fn lines(&self) -> String {
        let identity = &self.identity;
        let python = identity
            .python
            .as_deref()
            .map(|version| format!("Python {version}"));
        let maker = identity.made_by.map(|maker| format!("made by {maker}"));
        let state = if self.healthy { "healthy" } else { "broken" };
        let about: Vec<String> = python.into_iter().chain(maker).collect();
        let about = if about.is_empty() {
            String::new()
        } else {
            format!(" ({})", about.join(", "))
        };
        let mut lines = vec![format!("{}{about}: {state}", identity.path)];
        for said in &self.findings {
            let severity = match said.severity {
                Severity::Broken => "broken",
                Severity::Warning => "warning",
            };
            lines.push(format!("  {severity}: {}", said.message));
            let loss = if said.loses_packages {
                ", which takes its packages away"
            } else {
                ""
            };
            lines.push(format!("    mend it with: {}{loss}", said.mend));
        }
        let printable = lines.iter().map(|line| ui::printable(line) + "\n");
        printable.collect()
    }
}

/// Prints all of them as one object.
pub(super) fn print(reports: &[Report]) -> Result<()> {
    json::print_object(&Reports {
        healthy: reports.iter().all(Report::is_healthy),
        environments: reports,
    })
}

/// Returns the command line that mends something, for sh.
pub(crate) fn command(mend: &Mend, anatomy: &Anatomy) -> String {
    let quoted = |text: &str| SHELLS[0].literal(text);
    let path = quoted(&json::path(&anatomy.root));
    match mend {
        Mend::Upgrade => format!("rvenv --upgrade {path}"),
        Mend::Clear => format!("rvenv --clear {path}"),
        Mend::Isolate => {
            let cfg = quoted(&json::path(&anatomy.root.join(FILE_NAME)));
            format!("sed -i.bak 's/^\\(include-system-site-packages *= *\\).*/\\1false/' {cfg}")
        }
        Mend::Protect => format!("chmod -R o-w {path}"),
        Mend::Activate => format!("eval \"$(rvenv activate-script {path})\""),
        Mend::Reinstall(installer, words) => {
            let words: Vec<String> = words.iter().map(|word| quoted_word(word)).collect();
            let words = words.join(" ");
            match installer {
                Installer::Pip => {
                    let python = quoted(&json::path(&anatomy.python()));
                    format!("{python} -m pip install --force-reinstall --no-deps {words}")
                }
                Installer::Uv => {
                    format!("uv pip install --python {path} --reinstall --no-deps {words}")
                }
            }
        }
    }
}

/// Leaves `-e` and `NAME==VERSION` as people write them.
fn quoted_word(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+!".contains(&byte);
    match word.split_once("==") {
        _ if word == "-e" => word.to_owned(),
        Some((name, version))
            if name
                .bytes()
                .chain(version.bytes())
                .all(|byte| is_plain(byte) && byte != b'!') =>
        {
            word.to_owned()
        }
        _ => SHELLS[0].literal(word),
    }
}
