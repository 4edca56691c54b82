//! Images: a wheel unpacked and compiled for one Python, ready to be linked into environments.

use crate::seed::compile;
use crate::seed::entry_points::EntryPoint;
use crate::seed::launcher::LauncherStyle;
use crate::seed::record::{self, Row};
use crate::seed::wheel::{Archive, Wheel};
use crate::sys::fs::Look;
use crate::sys::link::Linker;
use crate::sys::platform::Folder;
use crate::sys::{fs, parallel, platform};
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of what is linked, and the file that lists it.
const TREE: &str = "tree";
const MANIFEST: &str = "manifest.json";

/// The sources of pip that say how it installs: the template of launchers in the order in which pip moved it, last
/// the one that writes them.
const PIP_SOURCES: [&str; 3] = [
    "pip/_internal/operations/install/wheel.py",
    "pip/_internal/wheel.py",
    "pip/_vendor/distlib/scripts.py",
];

/// An unpacked wheel on disk. It is never changed; nor are its files, which environments share.
#[derive(Debug)]
pub(crate) struct Image {
    dir: PathBuf,
    pub(crate) manifest: Manifest,
}

/// What an image holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// `NAME-VERSION.dist-info`.
    pub(crate) dist_info: String,
    /// Relative paths, parents before children.
    directories: Vec<String>,
    files: Vec<File>,
    /// The text of `RECORD` with the rows that are the same in every environment.
    pub(crate) record: String,
    pub(crate) entry_points: Vec<EntryPoint>,
    /// Of pip's own image: how this pip installs.
    pub(crate) manners: Option<Manners>,
}

/// What differs from one version of pip to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manners {
    pub(crate) launchers: LauncherStyle,
    /// Whether it writes `REQUESTED` (PEP 376), as since 20.2.
    pub(crate) writes_requested: bool,
}

/// A file of an image, and what it looks like when nobody has changed it.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    path: String,
    look: Look,
}

impl AsRef<str> for File {
    fn as_ref(&self) -> &str {
        &self.path
    }
}

impl Image {
    /// Unpacks and compiles a wheel into `dir`, an empty directory.
    ///
    /// # Errors
    /// When the wheel is not what its `RECORD` says, the disk is full, or the interpreter cannot compile.
    pub(crate) fn build(dir: &Path, wheel: &Wheel, interpreter: &Interpreter) -> Result<Self> {
        let mut archive = Archive::open(&wheel.path)?;
        let tree = dir.join(TREE);
        fs::create_dir(&tree)?;
        let paths = unpack(&mut archive, &tree)?;
        let bytecode = compile::compile(interpreter, &tree, modules(&tree, &paths)?)?;
        let manifest = describe(&mut archive, &tree, paths, bytecode)?;
        fs::write_new(&dir.join(MANIFEST), &serde_json::to_vec(&manifest)?)?;
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
        })
    }

    /// Opens the image in `dir`.
    ///
    /// # Errors
    /// When there is none, or a file of it has been changed since it was built, as through an environment.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let manifest: Manifest = serde_json::from_slice(&fs::read(&dir.join(MANIFEST))?)?;
        let image = Self {
            dir: dir.to_owned(),
            manifest,
        };
        let Manifest {
            dist_info, files, ..
        } = &image.manifest;
        ensure!(
            dist_info.ends_with(".dist-info") && !files.is_empty(),
            "the manifest is empty"
        );
        image.check()?;
        Ok(image)
    }

    fn check(&self) -> Result<()> {
        let tree = Folder::open(&self.dir.join(TREE))?;
        parallel::for_each(&self.manifest.files, |file| {
            let found = tree.look(&file.path);
            let is_same = found.is_ok_and(|found| found == file.look);
            ensure!(
                is_same,
                "`{}` in `{}` was changed",
                file.path,
                self.dir.display()
            );
            Ok(())
        })
    }

    /// Returns the program that pip puts before a launcher on this Windows.
    ///
    /// # Errors
    /// When this is not the image of a pip.
    pub(crate) fn windows_stub(&self, interpreter: &Interpreter) -> Result<Vec<u8>> {
        let name = if interpreter.is_64bit { "t64" } else { "t32" };
        let distlib = self
            .dir
            .join(TREE)
            .join("pip")
            .join("_vendor")
            .join("distlib");
        fs::read(&distlib.join(name).with_extension("exe"))
    }

    /// Links everything into `site_packages`.
    ///
    /// # Errors
    /// When a file is there already, or can be neither linked nor copied.
    pub(crate) fn link_into(&self, site_packages: &Path, linker: &Linker) -> Result<()> {
        let target = Folder::open(site_packages)?;
        for directory in &self.manifest.directories {
            target.make(directory).with_context(|| {
                format!(
                    "failed to create `{}`",
                    site_packages.join(directory).display()
                )
            })?;
        }
        linker.link(&self.dir.join(TREE), site_packages, &self.manifest.files)
    }
}

/// Unpacks every file that `RECORD` vouches for, and returns their paths.
fn unpack(archive: &mut Archive, tree: &Path) -> Result<Vec<String>> {
    let record = format!("{}/RECORD", archive.dist_info);
    let mut paths = archive.files();
    paths.retain(|path| !path.starts_with(&record));
    for path in &paths {
        let contents = archive.verified(path)?;
        let to = tree.join(path);
        fs::create_dir_all(to.parent().unwrap_or(tree))?;
        fs::write_new(&to, &contents)?;
        if archive.is_executable(path)? {
            fs::set_mode(
                &to,
                platform::mode(&fs::metadata(&to)?) | 0o111 & !platform::umask(),
            )?;
        }
    }
    Ok(paths)
}

fn modules(tree: &Path, paths: &[String]) -> Result<Vec<compile::Module>> {
    let modules = paths.iter().filter(|path| {
        Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "py")
    });
    modules
        .map(|path| Ok((path.clone(), fs::metadata(&tree.join(path))?.len())))
        .collect()
}

/// Writes the files that pip adds, and lists everything.
fn describe(
    archive: &mut Archive,
    tree: &Path,
    paths: Vec<String>,
    bytecode: Vec<String>,
) -> Result<Manifest> {
    let installer = format!("{}/INSTALLER", archive.dist_info);
    fs::write_new(&tree.join(&installer), b"pip\n")?;
    let mut rows: Vec<Row> = paths
        .iter()
        .filter_map(|path| archive.row(path))
        .cloned()
        .collect();
    rows.push(Row::of(&installer, b"pip\n"));
    rows.extend(bytecode.iter().map(Row::bare));
    rows.push(Row::bare(format!("{}/RECORD", archive.dist_info)));
    let entry_points = fs::read_to_string(&tree.join(&archive.dist_info).join("entry_points.txt"))
        .unwrap_or_default();
    let entry_points = EntryPoint::parse_all(&entry_points);
    if let Some(escaping) = entry_points
        .iter()
        .find(|entry_point| !entry_point.stays_in_bin())
    {
        return Err(archive.refuse(&anyhow!("`{}` would be outside of `bin`", escaping.name)));
    }
    let folder = Folder::open(tree)?;
    let files = paths.into_iter().chain(bytecode).chain([installer]);
    let file = |path: String| {
        Ok(File {
            look: folder.look(&path)?,
            path,
        })
    };
    let files = files.map(file).collect::<Result<Vec<_>>>()?;
    Ok(Manifest {
        dist_info: archive.dist_info.clone(),
        directories: directories(&files),
        files,
        record: String::from_utf8(record::render(rows)?)?,
        entry_points,
        manners: manners(tree),
    })
}

fn directories(files: &[File]) -> Vec<String> {
    let parents = files
        .iter()
        .flat_map(|file| Path::new(&file.path).ancestors().skip(1));
    let mut directories: Vec<String> = parents
        .filter_map(Path::to_str)
        .filter(|dir| !dir.is_empty())
        .map(str::to_owned)
        .collect();
    directories.sort();
    directories.dedup();
    directories
}

/// Returns how the pip in `tree` installs, or `None` where it is no pip.
fn manners(tree: &Path) -> Option<Manners> {
    let sources = PIP_SOURCES.map(|path| fs::read_to_string(&tree.join(path)).unwrap_or_default());
    let launchers = LauncherStyle::of_pip(&sources)?;
    let writes_requested = sources[0].contains("REQUESTED");
    Some(Manners {
        launchers,
        writes_requested,
    })
}
