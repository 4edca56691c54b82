//! Building an image: the wheel unpacked, its modules compiled, everything listed.

use crate::seed::compile;
use crate::seed::entry_points::EntryPoint;
use crate::seed::image::{File, Manifest, Manners, TREE};
use crate::seed::launcher::LauncherStyle;
use crate::seed::record::{self, Row};
use crate::seed::wheel::{Archive, Wheel};
use crate::sys::platform::Folder;
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::interpreter::Interpreter;
use anyhow::{Result, anyhow};
use std::path::Path;

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
    let mut archive = Archive::open(&wheel.path)?;
    let tree = dir.join(TREE);
    fs::create_dir(&tree)?;
    let paths = unpack(&mut archive, &tree)?;
    let bytecode = compile::compile(interpreter, &tree, modules(&tree, &paths)?)?;
    describe(&mut archive, &tree, paths, bytecode)
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
