//! Reading an image: whether every byte is what `RECORD` says, and every file what it was when it was built.

use crate::seed::build::BYTECODE;
use crate::seed::image::{File, MANIFEST, Manifest, TREE};
use crate::seed::record::{self, Row};
use crate::seed::store;
use crate::sys::platform::Folder;
use crate::sys::{fs, parallel};
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) path: PathBuf,
    pub(crate) what: String,
}

/// What reading an image came to.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// By path.
    pub(crate) findings: Vec<Finding>,
    /// How many files were read.
    pub(crate) files: usize,
    /// How many bytes these have.
    pub(crate) bytes: u64,
    /// How many of them nothing says the contents of: the bytecode of older images.
    pub(crate) unrecorded: usize,
    /// Of a spoilt image: whether it could be dropped.
    pub(crate) dropped: Option<Result<()>>,
}

/// Reads an image of a store, and drops it where it is not what it should be; `None` where it is gone.
///
/// Whoever builds or drops it is waited for.
///
/// # Errors
/// When its files cannot be listed.
pub(crate) fn verify(store: &Path, name: &str) -> Result<Option<Verdict>> {
    let images = store::images_dir(store);
    let (dir, path) = (images.join(name), store::lock_path(&images, name));
    // Where nobody can write there is no lock, and nobody to wait for.
    let lock = store::lock(&path).ok();
    let outcome = read_and_drop(&dir);
    if lock.is_some() {
        // Nobody needs it while no image is built.
        fs::remove_file(&path).ok();
    }
    outcome
}

fn read_and_drop(dir: &Path) -> Result<Option<Verdict>> {
    if fs::symlink_metadata(dir).is_err() {
        return Ok(None);
    }
    let mut verdict = read(dir)?;
    if !verdict.findings.is_empty() {
        verdict.dropped = Some(store::take_away(dir).map(drop));
    }
    Ok(Some(verdict))
}

fn read(dir: &Path) -> Result<Verdict> {
    let mut verdict = Verdict {
        findings: Vec::new(),
        files: 0,
        bytes: 0,
        unrecorded: 0,
        dropped: None,
    };
    let tree = dir.join(TREE);
    let contents = fs::walk(&tree).and_then(|found| Ok((found, manifest(dir)?, rows(dir)?)));
    match contents {
        Ok((found, manifest, bytecode)) => {
            let found = found.into_iter().map(|(path, it)| (slashed(&path), it));
            let expected = Expected::new(&manifest, &bytecode)?;
            expected.compare(&tree, &found.collect(), &mut verdict)?;
        }
        Err(err) => verdict.findings.push(Finding {
            path: dir.to_owned(),
            what: format!("{err:#}"),
        }),
    }
    Ok(verdict)
}

fn manifest(dir: &Path) -> Result<Manifest> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(&dir.join(MANIFEST))?)?;
    ensure!(!manifest.files.is_empty(), "the manifest is empty");
    Ok(manifest)
}

/// Returns the rows of the bytecode of an image; none of an older image.
fn rows(dir: &Path) -> Result<Vec<Row>> {
    match fs::read(&dir.join(BYTECODE)) {
        Err(err) if fs::is_not_found(&err) => Ok(Vec::new()),
        text => record::parse(&text?),
    }
}

fn slashed(path: &Path) -> String {
    let names = path.iter().map(|name| name.to_string_lossy());
    names.collect::<Vec<_>>().join("/")
}

/// What is to be in a tree.
struct Expected<'a> {
    files: &'a [File],
    /// By path; those that say something about the contents.
    rows: HashMap<String, Row>,
}

/// What reading one file came to.
enum Read {
    /// Its size, and whether something says what its contents are to be.
    Whole(u64, bool),
    Spoilt(String),
}

impl<'a> Expected<'a> {
    fn new(manifest: &'a Manifest, bytecode: &[Row]) -> Result<Self> {
        let record = record::parse(manifest.record.as_bytes())?;
        let rows = record.iter().chain(bytecode).cloned();
        Ok(Self {
            files: &manifest.files,
            rows: rows
                .filter(|row| !row.1.is_empty())
                .map(|row| (row.0.clone(), row))
                .collect(),
        })
    }

    /// Compares it with what was found in `tree`.
    fn compare(
        &self,
        tree: &Path,
        found: &BTreeMap<String, Metadata>,
        verdict: &mut Verdict,
    ) -> Result<()> {
        let folder = Folder::open(tree)?;
        let read = |file: &File| {
            let metadata = found.get(&file.path);
            (file.path.clone(), self.read(tree, &folder, file, metadata))
        };
        let mut wrong: BTreeMap<String, String> = self.extra_and_missing(found).collect();
        for (path, read) in parallel::map(self.files, read) {
            match read {
                Read::Whole(bytes, is_recorded) => {
                    verdict.files += 1;
                    verdict.bytes += bytes;
                    verdict.unrecorded += usize::from(!is_recorded);
                }
                Read::Spoilt(what) => drop(wrong.insert(path, what)),
            }
        }
        let finding = |(path, what)| Finding {
            path: tree.join(path),
            what,
        };
        verdict.findings.extend(wrong.into_iter().map(finding));
        Ok(())
    }

    /// Returns the files that nothing lists, and those that `RECORD` lists and the manifest does not.
    fn extra_and_missing(
        &self,
        found: &BTreeMap<String, Metadata>,
    ) -> impl Iterator<Item = (String, String)> {
        let listed: HashSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let files = found.iter().filter(|(_, metadata)| !metadata.is_dir());
        let extra: Vec<_> = files
            .filter(|(path, _)| !listed.contains(path.as_str()))
            .map(|(path, _)| (path.clone(), "does not belong there".to_owned()))
            .collect();
        let unlisted = self
            .rows
            .keys()
            .filter(|path| !listed.contains(path.as_str()));
        let missing: Vec<_> = unlisted
            .map(|path| {
                (
                    path.clone(),
                    "is in RECORD and not in the manifest".to_owned(),
                )
            })
            .collect();
        extra.into_iter().chain(missing)
    }

    fn read(&self, tree: &Path, folder: &Folder, file: &File, found: Option<&Metadata>) -> Read {
        let Some(metadata) = found else {
            return Read::Spoilt("is missing".to_owned());
        };
        // What is no file may never end.
        if !metadata.is_file() {
            return Read::Spoilt("is not a file".to_owned());
        }
        let contents = match fs::read(&tree.join(&file.path)) {
            Ok(contents) => contents,
            Err(err) => return Read::Spoilt(format!("cannot be read: {}", err.root_cause())),
        };
        let row = self.rows.get(&file.path);
        if row.is_some_and(|row| !row.matches(&contents)) {
            return Read::Spoilt("has other contents".to_owned());
        }
        if !folder.look(&file.path).is_ok_and(|look| look == file.look) {
            return Read::Spoilt("has another size, mode, owner or time".to_owned());
        }
        Read::Whole(metadata.len(), row.is_some())
    }
}
