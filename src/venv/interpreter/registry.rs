//! The interpreters that are registered with Windows (PEP 514).

use crate::venv::interpreter::place::Place;

/// Returns the directories of registered installations, the user's own first; elsewhere there is no registry.
#[cfg(not(windows))]
pub(super) fn places() -> Vec<Place> {
    Vec::new()
}

/// Returns the directories of registered installations, the user's own first.
#[cfg(windows)]
pub(super) fn places() -> Vec<Place> {
    use windows_registry::{CURRENT_USER, LOCAL_MACHINE};
    let keys = [
        (CURRENT_USER, r"Software\Python"),
        (LOCAL_MACHINE, r"Software\Python"),
        (LOCAL_MACHINE, r"Software\Wow6432Node\Python"),
    ];
    let open = |(hive, path): (&windows_registry::Key, &str)| hive.open(path).ok();
    keys.into_iter()
        .filter_map(open)
        .flat_map(|key| companies(&key))
        .collect()
}

#[cfg(windows)]
fn companies(key: &windows_registry::Key) -> Vec<Place> {
    let Ok(companies) = key.keys() else {
        return Vec::new();
    };
    // The launcher's own entries are not interpreters.
    let companies = companies.filter(|company| company != "PyLauncher");
    companies
        .filter_map(|company| key.open(company).ok())
        .flat_map(|company| tags(&company))
        .collect()
}

#[cfg(windows)]
fn tags(company: &windows_registry::Key) -> Vec<Place> {
    use crate::venv::interpreter::request::Spec;
    let Ok(tags) = company.keys() else {
        return Vec::new();
    };
    let place = |tag: String| {
        let dir = company
            .open(format!(r"{tag}\InstallPath"))
            .ok()?
            .get_string("")
            .ok()?;
        Some(Place {
            dir: dir.into(),
            keeper: "registry",
            says: Spec::parse(&tag),
        })
    };
    tags.filter_map(place).collect()
}
