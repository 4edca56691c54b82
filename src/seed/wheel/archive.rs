//! What is in a wheel: an archive that is taken as it is only where it cannot be read in two ways.

use crate::error::Hinted;
use crate::seed::record::{self, Row};
use crate::sys::fs;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zip::ZipArchive;

/// How many bytes a file of a wheel may have, and how many all of them: ten times what those of a pip have.
const LARGEST_FILE: u64 = 16 << 20;
const LARGEST_TREE: u64 = 256 << 20;

/// How many entries a wheel may have; that of a pip has some 500, and setuptools' not much more.
const MOST_ENTRIES: usize = 20_000;

/// How many bytes the name of an entry may have.
const LONGEST_NAME: usize = 255;

/// A wheel in memory.
type Bytes = Cursor<Arc<[u8]>>;

/// An open wheel whose names have been checked.
pub(crate) struct Archive {
    path: PathBuf,
    /// Cloned for each reading, which costs nothing, so that threads may read at the same time.
    zip: ZipArchive<Bytes>,
    /// The names of all entries, directories included.
    names: Vec<String>,
    /// The rows of its `RECORD`, by path.
    rows: BTreeMap<String, Row>,
    /// `NAME-VERSION.dist-info`.
    pub(crate) dist_info: String,
}

impl Archive {
    /// Opens a wheel and reads its `RECORD`.
    ///
    /// # Errors
    /// When it is no wheel, or has a name that would leave the directory it is unpacked in, or has one twice.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::read(path).map_err(|err| not_installable(path, &err))
    }

    fn read(path: &Path) -> Result<Self> {
        let size = fs::metadata(path)?.len();
        ensure!(size <= LARGEST_TREE, "it has {size} bytes");
        let mut zip = ZipArchive::new(Cursor::new(Arc::from(fs::read(path)?)))?;
        ensure!(zip.len() <= MOST_ENTRIES, "it has {} entries", zip.len());
        // What one reader takes for an entry and another for nothing, or for a second one, is in no wheel.
        zip.validate_header_consistency()?;
        let names = zip
            .file_names()
            .map(|name| Ok(name?.into_owned()))
            .collect::<Result<_>>()?;
        let mut archive = Self {
            path: path.to_owned(),
            zip,
            names,
            rows: BTreeMap::new(),
            dist_info: String::new(),
        };
        archive.check_names()?;
        archive.check_entries()?;
        archive.dist_info = archive.find_dist_info()?;
        let record = archive.entry(&format!("{}/RECORD", archive.dist_info))?;
        archive.rows = record::parse(&record.contents)?
            .into_iter()
            .map(|row| (row.0.clone(), row))
            .collect();
        Ok(archive)
    }

    /// Refuses names that leave the directory, or that have no place beside another: the same one, also where a file
    /// system does not tell cases apart, and one below that of a file.
    fn check_names(&self) -> Result<()> {
        let folded = |name: &String| name.trim_end_matches('/').to_lowercase();
        let files = self.names.iter().filter(|name| !name.ends_with('/'));
        let files: HashSet<String> = files.map(folded).collect();
        let mut seen = HashSet::new();
        for name in &self.names {
            let shown = name.escape_debug();
            ensure!(
                stays_inside(name),
                "`{shown}` would be outside of the environment"
            );
            ensure!(name.len() <= LONGEST_NAME, "`{shown}` is too long a name");
            let name = folded(name);
            let mut above = name.match_indices('/').map(|(at, _)| &name[..at]);
            if let Some(file) = above.find(|above| files.contains(*above)) {
                bail!("`{file}` in it is both a file and a directory");
            }
            ensure!(seen.insert(name), "`{shown}` is in it twice");
        }
        Ok(())
    }

    /// Refuses what is no file and no directory, and what is too large, as far as the archive tells: what has more bytes
    /// than that is not unpacked to its end.
    fn check_entries(&self) -> Result<()> {
        let mut total: u64 = 0;
        for (index, name) in self.names.iter().enumerate() {
            let entry = self.zip.by_index_data(index)?;
            let size = entry.size();
            ensure!(!entry.is_symlink(), "`{name}` in it is a symlink");
            ensure!(!entry.encrypted(), "`{name}` in it is encrypted");
            ensure!(size <= LARGEST_FILE, "`{name}` in it has {size} bytes");
            total = total.saturating_add(size);
        }
        ensure!(total <= LARGEST_TREE, "{total} bytes are in it");
        Ok(())
    }

    /// A vendored distribution has a `.dist-info` too, but not at the top.
    fn find_dist_info(&self) -> Result<String> {
        let names = self
            .names
            .iter()
            .filter_map(|name| name.strip_suffix("/RECORD"));
        let mut found = names.filter(|name| name.ends_with(".dist-info") && !name.contains('/'));
        match (found.next(), found.next()) {
            (Some(name), None) => Ok(name.to_owned()),
            _ => bail!("it has no RECORD, or several"),
        }
    }

    /// Returns the paths of all files, in the order of the archive.
    pub(crate) fn files(&self) -> Vec<String> {
        self.names
            .iter()
            .filter(|name| !name.ends_with('/'))
            .cloned()
            .collect()
    }

    /// Returns the row of a file; `RECORD` and its signatures have none.
    pub(crate) fn row(&self, path: &str) -> Option<&Row> {
        self.rows.get(path).filter(|row| !row.1.is_empty())
    }

    /// Returns the error that says why this wheel is not installed.
    pub(crate) fn refuse(&self, err: &anyhow::Error) -> anyhow::Error {
        not_installable(&self.path, err)
    }

    /// Returns a file that `RECORD` vouches for.
    ///
    /// # Errors
    /// When it is damaged, or `RECORD` says something else, or nothing.
    pub(crate) fn verified(&self, path: &str) -> Result<Entry> {
        let entry = self.entry(path).and_then(|entry| {
            let row = self.row(path);
            let is_known = row.is_some_and(|row| row.matches(&entry.contents));
            ensure!(is_known, "`{path}` in it is not what RECORD says it is");
            Ok(entry)
        });
        entry.map_err(|err| self.refuse(&err))
    }

    fn entry(&self, path: &str) -> Result<Entry> {
        let mut zip = self.zip.clone();
        let file = zip
            .by_name(path)
            .with_context(|| format!("there is no `{path}`"))?;
        let is_executable = file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        // RECORD itself has no row.
        let recorded = self.row(path).and_then(|row| row.2.parse().ok());
        let size = file.size();
        let limit = size.min(recorded.unwrap_or(LARGEST_FILE)).saturating_add(1);
        let mut contents = Vec::with_capacity(capacity(limit));
        file.take(limit)
            .read_to_end(&mut contents)
            .with_context(|| format!("`{path}` is damaged"))?;
        let is_whole = contents.len() as u64 >= size.min(limit);
        ensure!(is_whole, "`{path}` is damaged: it ends too early");
        Ok(Entry {
            contents,
            is_executable,
        })
    }
}

/// A file of a wheel.
pub(crate) struct Entry {
    pub(crate) contents: Vec<u8>,
    /// Whether it is meant to be run.
    pub(crate) is_executable: bool,
}

/// Returns how much memory to get for a file at once, whatever the archive says.
fn capacity(limit: u64) -> usize {
    const MOST: u64 = 1 << 20;
    usize::try_from(limit.min(MOST)).unwrap_or_default()
}

fn not_installable(wheel: &Path, err: &anyhow::Error) -> anyhow::Error {
    let message = format!(
        "`{}` is not a wheel that can be installed: {err:#}",
        wheel.display()
    );
    Hinted::error(
        message,
        "reinstall that Python, or leave pip out with `--without-pip`",
    )
}

/// Returns whether a name in an archive stays below the directory it is unpacked in, on every platform.
fn stays_inside(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let path = name.strip_suffix('/').unwrap_or(name);
    path.split('/').all(is_plain)
        && !name.contains(['\\', ':', '\0'])
        && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn names_that_leave_the_directory_are_seen() {
        for name in ["pip/__init__.py", "a b/c(d).py", "dir/", "..a/b"] {
            assert!(stays_inside(name), "{name}");
        }
        for name in [
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a\\..\\x",
            "C:x",
            "a//b",
            "./a",
            "",
            "a\nb",
            "a\0b",
        ] {
            assert!(!stays_inside(name), "{name:?}");
        }
    }

    /// A wheel with two modules, one of them packed.
    fn wheel() -> Vec<u8> {
        use zip::write::SimpleFileOptions;
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let large = "x = 1\n".repeat(1000);
        let rows = [("small.py", "x = 1\n"), ("large.py", &large)];
        let rows = rows.map(|(path, text)| (text, Row::of(path, text.as_bytes())));
        let mut put = |path: &str, contents: &[u8]| {
            zip.start_file(path, SimpleFileOptions::default()).unwrap();
            zip.write_all(contents).unwrap();
        };
        for (text, row) in &rows {
            put(&row.0, text.as_bytes());
        }
        let record = record::render(rows.map(|(_, row)| row).into()).unwrap();
        put("pip-1.0.dist-info/RECORD", &record);
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn whatever_is_done_to_an_archive_what_is_read_is_what_record_says() {
        let (dir, wheel) = (tempfile::tempdir().unwrap(), wheel());
        let path = dir.path().join("pip-1.0-py3-none-any.whl");
        let mut random = fastrand::Rng::with_seed(1);
        let mut opened = 0;
        for _ in 0..1000 {
            let mut bytes = wheel.clone();
            for _ in 0..random.usize(..4) {
                let at = random.usize(..bytes.len());
                match random.u8(..8) {
                    0 => bytes.truncate(at.max(1)),
                    1 => drop(bytes.drain(at..bytes.len().min(at + random.usize(..30)))),
                    2 => bytes.extend_from_within(at..),
                    _ => bytes[at] = random.u8(..),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            std::fs::write(&path, &bytes).unwrap();
            let Ok(archive) = Archive::open(&path) else {
                continue;
            };
            opened += 1;
            for name in archive.files() {
                if let Ok(entry) = archive.verified(&name) {
                    assert!(archive.row(&name).unwrap().matches(&entry.contents));
                }
            }
        }
        assert!((200..950).contains(&opened), "{opened}");
    }
}
