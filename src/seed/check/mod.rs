//! What is wrong with what is installed in an environment: pip, the scripts in `bin`, the files that `RECORD` lists.

pub(crate) mod deep;
mod distribution;
pub(super) mod launchers;
mod pip;

use crate::seed::check::distribution::Distribution;
use crate::sys::footprint::Catalogue;
use crate::sys::parallel;
use crate::venv::check::{Anatomy, Depth, Finding, Installer, Kind, Mend, some_of};

pub(crate) use pip::is_there as has_pip;

/// What an environment begins with.
const SEEDED: [&str; 3] = ["pip", "setuptools", "wheel"];

/// Returns what is wrong, as far as files tell; those that were seen already are `known`.
pub(crate) fn findings(anatomy: &Anatomy, depth: Depth, known: &Catalogue) -> Vec<Finding> {
    let mut distributions = Distribution::all(anatomy);
    if depth == Depth::Glance {
        distributions.retain(|distribution| SEEDED.contains(&distribution.name.as_str()));
    }
    let numbered: Vec<_> = distributions.iter().enumerate().collect();
    let mut looks = parallel::map(&numbered, |(number, distribution)| {
        (*number, distribution.look(anatomy, depth, known))
    });
    looks.sort_unstable_by_key(|(number, _)| *number);
    let installer = if pip::is_there(anatomy) {
        Installer::Pip
    } else {
        Installer::Uv
    };
    let mut findings = Vec::from_iter(pip::missing(anatomy, &distributions));
    let mut scripts = Vec::new();
    for (distribution, (_, look)) in distributions.iter().zip(looks) {
        findings.extend(lacking(distribution, &look.missing, installer));
        findings.extend(resized(distribution, &look.resized));
        findings.extend(changed(distribution, &look.changed, installer));
        scripts.extend(look.scripts);
    }
    findings.extend(launchers::findings(anatomy, scripts));
    findings
}

fn lacking(distribution: &Distribution, files: &[String], installer: Installer) -> Option<Finding> {
    let count = match files.len() {
        0 => return None,
        1 => "a file".to_owned(),
        count => format!("{count} files"),
    };
    let Distribution { name, version, .. } = distribution;
    let message = format!(
        "{name} {version} lacks {count} of its RECORD: {}",
        some_of(files)
    );
    Some(if distribution.is_pip() {
        Finding::broken(Kind::PipNotImportable, message, Mend::Upgrade)
    } else {
        Finding::broken(Kind::FilesMissing, message, distribution.mend(installer))
    })
}

fn resized(pip: &Distribution, files: &[String]) -> Option<Finding> {
    let Distribution { name, version, .. } = pip;
    let message = format!(
        "files of {name} {version} have not the size that its RECORD says: {}",
        some_of(files)
    );
    (!files.is_empty()).then(|| Finding::broken(Kind::PipNotImportable, message, Mend::Upgrade))
}

fn changed(distribution: &Distribution, files: &[String], installer: Installer) -> Option<Finding> {
    let Distribution { name, version, .. } = distribution;
    let message = format!(
        "files of {name} {version} are not what its RECORD says: {}",
        some_of(files)
    );
    let mend = distribution.mend(installer);
    (!files.is_empty()).then(|| Finding::broken(Kind::FilesChanged, message, mend))
}
