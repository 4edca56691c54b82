//! An installed distribution, compared with its `RECORD`.

use crate::seed::record::{self, Row};
use crate::sys::footprint::Catalogue;
use crate::sys::fs;
use crate::venv::check::{Anatomy, Depth, Installer, Mend};
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};

/// The longest `RECORD` that is read, in bytes, and the longest file beside it.
const LONGEST_RECORD: u64 = 1 << 26;

/// A `NAME-VERSION.dist-info` with a `RECORD`.
#[derive(Debug)]
pub(super) struct Distribution {
    /// In small letters.
    pub(super) name: String,
    pub(super) version: String,
    dist_info: PathBuf,
    site_packages: PathBuf,
}

/// What a look at its files came to; paths are as in `RECORD`.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) missing: Vec<String>,
    pub(super) changed: Vec<String>,
    /// Of pip, without which nothing can be installed again: those of another size.
    pub(super) resized: Vec<String>,
    /// Those in the directory of executables.
    pub(super) scripts: Vec<PathBuf>,
}

/// Where a distribution came from, when that is not an index (PEP 610).
#[derive(Debug, Deserialize)]
struct Origin {
    url: String,
    #[serde(default)]
    dir_info: Directory,
    vcs_info: Option<Commit>,
    subdirectory: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Directory {
    #[serde(default)]
    editable: bool,
}

#[derive(Debug, Deserialize)]
struct Commit {
    vcs: String,
    commit_id: String,
}

impl Origin {
    /// Returns what to install: a path, or a URL as pip takes it.
    fn url(&self) -> String {
        let path = self.url.strip_prefix("file://");
        if let Some(path) = path.filter(|path| self.dir_info.editable && !path.contains('%')) {
            return path.to_owned();
        }
        let url = match &self.vcs_info {
            Some(Commit { vcs, commit_id }) => format!("{vcs}+{}@{commit_id}", self.url),
            None => self.url.clone(),
        };
        match &self.subdirectory {
            Some(subdirectory) => format!("{url}#subdirectory={subdirectory}"),
            None => url,
        }
    }
}

impl Distribution {
    /// Returns every distribution in an environment.
    pub(super) fn all(anatomy: &Anatomy) -> Vec<Self> {
        let folders = anatomy
            .libraries
            .iter()
            .map(|library| &library.site_packages);
        let inside = folders.flat_map(|folder| {
            let paths = fs::list(folder).unwrap_or_default();
            paths.into_iter().filter_map(|path| Self::new(folder, path))
        });
        inside.collect()
    }

    /// What a symlink leads to is not the environment's.
    fn new(site_packages: &Path, dist_info: PathBuf) -> Option<Self> {
        let name = dist_info
            .file_name()?
            .to_str()?
            .strip_suffix(".dist-info")?;
        let (name, version) = name.rsplit_once('-')?;
        // What pip was about to remove begins with `~`.
        if dist_info.is_symlink() || name.starts_with('~') {
            return None;
        }
        Some(Self {
            name: name.to_lowercase(),
            version: version.to_owned(),
            site_packages: site_packages.to_owned(),
            dist_info,
        })
    }

    pub(super) fn is_pip(&self) -> bool {
        self.name == "pip"
    }

    /// Compares it with its `RECORD`, without a look at files that are `known`. One without, which another tool than pip has
    /// installed, lacks nothing.
    pub(super) fn look(&self, anatomy: &Anatomy, depth: Depth, known: &Catalogue) -> Look {
        let mut look = Look::default();
        let mut inside = known.below(&self.site_packages);
        let text = fs::read_head(&self.dist_info.join("RECORD"), LONGEST_RECORD);
        let outcome = record::visit(&text.unwrap_or_default(), |row| {
            if row.0.is_empty() || row.is_bytecode() {
                return;
            }
            match inside.length(&row.0).filter(|_| depth < Depth::Deep) {
                Some(length) if self.is_pip() && !row.has_size(length) => {
                    look.resized.push(row.0.clone());
                }
                Some(_) => {}
                None => self.look_at(row, anatomy, depth, (known, &mut look)),
            }
        });
        // One that cannot be read to its end tells nothing.
        outcome.map(|()| look).unwrap_or_default()
    }

    fn look_at(
        &self,
        row: &Row,
        anatomy: &Anatomy,
        depth: Depth,
        (known, look): (&Catalogue, &mut Look),
    ) {
        // What is recorded outside of the environment is none of its files, and nobody's business.
        let Some(path) = self.inside(&row.0, &anatomy.root) else {
            return;
        };
        let seen = known.length(&path).map(|length| Ok(Some(length)));
        let size = seen.unwrap_or_else(|| size(&path));
        if size.as_ref().is_err_and(fs::is_absent) {
            look.missing.push(row.0.clone());
        } else if self.is_pip() && !row.is_outside() && has_another_size(size, row) {
            look.resized.push(row.0.clone());
        } else if depth == Depth::Deep && is_changed(&path, row) {
            look.changed.push(row.0.clone());
        }
        if leads_away(&row.0) && path.parent() == Some(&anatomy.scripts) {
            look.scripts.push(path);
        }
    }

    /// Returns the path of a row, where that is in the environment by its name.
    fn inside(&self, row: &str, root: &Path) -> Option<PathBuf> {
        let path = self.site_packages.join(row);
        if leads_away(row) {
            return fs::absolute(&path)
                .ok()
                .filter(|path| path.starts_with(root));
        }
        Some(path)
    }

    /// Returns how to install it again, from where it came from.
    pub(super) fn mend(&self, installer: Installer) -> Mend {
        let origin = fs::read_head(&self.dist_info.join("direct_url.json"), LONGEST_RECORD);
        let origin = origin
            .ok()
            .and_then(|text| serde_json::from_slice::<Origin>(&text).ok());
        let words = match origin {
            Some(origin) if origin.dir_info.editable => vec!["-e".to_owned(), origin.url()],
            Some(origin) => vec![format!("{} @ {}", self.name, origin.url())],
            None => vec![format!("{}=={}", self.name, self.version)],
        };
        Mend::Reinstall(installer, words)
    }
}

/// Returns whether a path in `RECORD` may be of what is not in `site-packages`.
fn leads_away(row: &str) -> bool {
    row.contains("..") || row.starts_with(['/', '\\']) || row.contains(':')
}

/// Returns the size of a file in bytes; `None` of what is none.
fn size(path: &Path) -> io::Result<Option<u64>> {
    let metadata = path.metadata()?;
    Ok(metadata.is_file().then_some(metadata.len()))
}

fn has_another_size(size: io::Result<Option<u64>>, row: &Row) -> bool {
    let size = size.ok().flatten();
    size.is_some_and(|size| !row.has_size(size))
}

/// Returns whether a file has other contents than were recorded, where that can be told. Of scripts it cannot: pip gives
/// those that a wheel brings another first line, and records them as they were.
fn is_changed(path: &Path, row: &Row) -> bool {
    let is_script = || row.is_outside() && fs::read_head(path, 2).is_ok_and(|start| start == b"#!");
    if !row.1.starts_with("sha256=") || is_script() {
        return false;
    }
    let Ok(Some(size)) = size(path) else {
        return false;
    };
    !row.has_size(size) || fs::read_head(path, size).is_ok_and(|contents| !row.matches(&contents))
}
