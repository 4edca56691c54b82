//! Building an image: the wheel unpacked, its modules compiled, everything listed.

use crate::seed::borrow::borrow;
use crate::seed::bytecode::Bytecode;
use crate::seed::compile::Compiler;
use crate::seed::entry_points::EntryPoint;
use crate::seed::image::{File, Manifest, Manners, TREE};
use crate::seed::launcher::LauncherStyle;
use crate::seed::record::{self, Row};
use crate::seed::wheel::{Archive, Entry, Wheel};
use crate::sys::platform::Folder;
use crate::sys::{fs, interrupt, parallel, platform};
use crate::ui::{Progress, Ui};
use crate::venv::interpreter::Interpreter;
use anyhow::{Result, anyhow};
use std::cmp::Reverse;
use std::fs::Metadata;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file beside the tree that lists its bytecode as `RECORD` would, with digests.
pub(super) const BYTECODE: &str = "bytecode";

/// How many files are worth a further thread, and an interpreter if they have to be compiled.
const WORTH_A_THREAD: usize = 16;

/// The sources of pip that say how it installs: the template of launchers in the order in which pip moved it, last
/// the one that writes them.
const PIP_SOURCES: [&str; 3] = [
    "pip/_internal/operations/install/wheel.py",
    "pip/_internal/wheel.py",
    "pip/_vendor/distlib/scripts.py",
];

/// Unpacks and compiles a wheel into `dir`, an empty directory, and returns what is there now.
///
/// # Errors
/// When the wheel is not what its `RECORD` says, the disk is full, or the interpreter cannot compile.
pub(super) fn build(
    ui: Ui,
    dir: &Path,
    wheel: &Wheel,
    interpreter: &Interpreter,
) -> Result<Manifest> {
    ui.note(format_args!(
        "building the image of {} {} for {}",
        wheel.name,
        wheel.version,
        interpreter.title()
    ));
    let archive = Archive::open(&wheel.path)?;
    let tree = dir.join(TREE);
    let record = format!("{}/RECORD", archive.dist_info);
    let mut paths = archive.files();
    paths.retain(|path| !path.starts_with(&record));
    let bytecode = Bytecode::of(interpreter);
    make_directories(&tree, &paths, bytecode.as_ref())?;
    let title = interpreter.title();
    let what = format!("preparing {} {} for {title}", wheel.name, wheel.version);
    let workshop = Workshop {
        archive: &archive,
        tree: &tree,
        interpreter,
        bytecode,
        waiting: Mutex::default(),
        borrowed: AtomicUsize::new(0),
        progress: ui.progress(what, paths.len()),
    };
    let compiled = workshop.run(&paths)?;
    drop(workshop.progress);
    let (borrowed, all) = (workshop.borrowed.into_inner(), compiled.len());
    ui.note(format_args!(
        "bytecode: {borrowed} of {all} files are the interpreter's own"
    ));
    let names = compiled.iter().map(|row| row.0.clone()).collect();
    let manifest = describe(&archive, &tree, paths, names)?;
    fs::write_new(&dir.join(BYTECODE), &record::render(compiled)?)?;
    Ok(manifest)
}

/// Makes the directories of the files of a wheel and of their bytecode.
fn make_directories(tree: &Path, paths: &[String], bytecode: Option<&Bytecode>) -> Result<()> {
    let compiled: Vec<String> = bytecode.map_or_else(Vec::new, |bytecode| {
        paths
            .iter()
            .filter_map(|path| bytecode.path(path))
            .collect()
    });
    fs::create_dir(tree)?;
    directories(paths.iter().chain(&compiled))
        .iter()
        .try_for_each(|directory| fs::create_dir(&tree.join(directory)))
}

/// What all threads work at: the files that are still to be unpacked, and compiled where they are modules.
struct Workshop<'a> {
    archive: &'a Archive,
    tree: &'a Path,
    interpreter: &'a Interpreter,
    /// `None` where the interpreter caches none.
    bytecode: Option<Bytecode<'a>>,
    waiting: Mutex<Vec<&'a str>>,
    /// How many bytecode files the interpreter had already.
    borrowed: AtomicUsize,
    progress: Progress,
}

impl<'a> Workshop<'a> {
    /// Unpacks all files on all cores, and returns the rows of the bytecode files.
    fn run(&self, paths: &'a [String]) -> Result<Vec<Row>> {
        self.waiting().extend(self.in_order(paths));
        let threads = parallel::threads().min(paths.len() / WORTH_A_THREAD + 1);
        let rows = parallel::together(threads - 1, || self.work());
        Ok(rows.into_iter().collect::<Result<Vec<_>>>()?.concat())
    }

    /// Returns paths in the order in which to take them from the end: last the modules, the largest at the very end, so
    /// that all cores have work until all is done.
    fn in_order(&self, paths: &'a [String]) -> Vec<&'a str> {
        let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        paths.sort_by_cached_key(|path| {
            let row = self.archive.row(path);
            let size: Option<u64> = row.and_then(|row| row.2.parse().ok());
            (self.bytecode_of(path).is_some(), size, Reverse(*path))
        });
        paths
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<&'a str>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the bytecode's kind and path where a path is that of a module.
    fn bytecode_of(&self, path: &str) -> Option<(&Bytecode<'a>, String)> {
        let bytecode = self.bytecode.as_ref()?;
        Some((bytecode, bytecode.path(path)?))
    }

    /// Works until nothing is waiting.
    fn work(&self) -> Result<Vec<Row>> {
        let mut compiler = Compiler::new(self.interpreter);
        let mut rows = Vec::new();
        loop {
            let next = self.waiting().pop();
            let Some(path) = next else {
                return Ok(rows);
            };
            match self.install(path, &mut compiler) {
                Ok(row) => rows.extend(row),
                Err(err) => {
                    // What the other threads do from here on is for nothing.
                    self.waiting().clear();
                    return Err(err);
                }
            }
            self.progress.advance();
        }
    }

    /// Unpacks a file, and returns the row of its bytecode where it is a module that compiles.
    fn install(&self, path: &str, compiler: &mut Compiler) -> Result<Option<Row>> {
        interrupt::check()?;
        let source = self.archive.verified(path)?;
        let metadata = self.write(path, &source)?;
        let Some((bytecode, name)) = self.bytecode_of(path) else {
            return Ok(None);
        };
        let source = &source.contents;
        let borrowed = borrow(self.interpreter, bytecode, path, source);
        if borrowed.is_some() {
            self.borrowed.fetch_add(1, Ordering::Relaxed);
        }
        let code = match borrowed {
            None => compiler.compile(path, source)?,
            borrowed => borrowed,
        };
        let Some((header, code)) = bytecode.header(&metadata).zip(code) else {
            return Ok(None);
        };
        let contents = [header, code].concat();
        fs::write_new(&self.tree.join(&name), &contents)?;
        Ok(Some(Row::of(name, &contents)))
    }

    fn write(&self, path: &str, entry: &Entry) -> Result<Metadata> {
        let path = self.tree.join(path);
        fs::write_new(&path, &entry.contents)?;
        let metadata = fs::metadata(&path)?;
        if entry.is_executable {
            let mode = platform::mode(&metadata) | 0o111 & !platform::umask();
            fs::set_mode(&path, mode)?;
        }
        Ok(metadata)
    }
}

/// Writes the files that pip adds, and lists everything.
fn describe(
    archive: &Archive,
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
        directories: directories(files.iter().map(|file| &file.path)),
        files,
        record: String::from_utf8(record::render(rows)?)?,
        entry_points,
        manners: manners(tree),
    })
}

/// Returns the directories that files are in, parents before children.
fn directories<'a>(files: impl Iterator<Item = &'a String>) -> Vec<String> {
    let parents = files.flat_map(|file| Path::new(file).ancestors().skip(1));
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
