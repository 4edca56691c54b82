//! Deleting an environment: what is not one, or more than one, is refused; what is one is gone at once.

use crate::error::Hinted;
use crate::sys::remove::{Count, Removed, remove_tree};
use crate::sys::{fs, platform};
use crate::ui::Ui;
use crate::venv::environment::{self, Environment};
use crate::venv::target::{self, Precious};
use crate::venv::turn::Turn;
use crate::venv::{pyvenv_cfg, replace};
use anyhow::Result;
use std::env;
use std::path::{Path, PathBuf};

/// How many of the entries that are not an environment's are named.
const MOST_NAMED: usize = 3;

/// What to do where more than an environment would be lost, or one that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Refused,
    Accepted,
}

/// Returns the directory of the environment that `typed` means.
///
/// # Errors
/// When it is to be left alone: it is no environment's, or too precious, or there would be a loss.
pub(crate) fn inspect(typed: &Path, loss: Loss) -> Result<PathBuf> {
    let root = target::absolute(typed)?;
    refuse_what_is_no_directory(&root)?;
    let outcome = refuse_what_is_to_stay(&root, loss);
    // It may be taken away while it is looked at.
    refuse_what_is_no_directory(&root)?;
    outcome.map(|()| root)
}

fn refuse_what_is_to_stay(root: &Path, loss: Loss) -> Result<()> {
    if let Some(precious) = Precious::of(root) {
        return Err(untouchable(root, precious));
    }
    refuse_what_is_no_environment(root)?;
    refuse_another_users(root)?;
    target::refuse_what_holds_a_mount(root)?;
    if loss == Loss::Refused {
        refuse_foreign_entries(root)?;
        refuse_active(root)?;
    }
    Ok(())
}

fn refuse_what_is_no_directory(root: &Path) -> Result<()> {
    let (problem, hint) = match root.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(metadata) if metadata.is_symlink() => (
            "is a symlink, not a directory",
            "name the directory itself: nothing is ever deleted through a symlink",
        ),
        Ok(_) => (
            "is a file, not a directory",
            "name the directory of an environment",
        ),
        Err(err) if fs::is_absent(&err) => (
            "does not exist",
            "check the path; an environment is named by its directory",
        ),
        Err(err) => {
            let context = format!("failed to look at `{}`", root.display());
            return Err(anyhow::Error::new(err).context(context));
        }
    };
    Err(Hinted::error(
        format!("`{}` {problem}", root.display()),
        hint,
    ))
}

fn untouchable(root: &Path, precious: Precious) -> anyhow::Error {
    let hint = match precious {
        Precious::Root | Precious::Home | Precious::AboveHome => {
            "name the directory of an environment"
        }
        Precious::AboveHere | Precious::Here => {
            "if it is an environment, leave it first, with `cd`"
        }
    };
    Hinted::error(
        format!("`{}` is {}", root.display(), precious.title()),
        hint,
    )
}

/// Refuses what has neither a `pyvenv.cfg` that says what it was made of, nor all the looks of an environment.
fn refuse_what_is_no_environment(root: &Path) -> Result<()> {
    let environment = Environment::open(root);
    let has_home = |environment: &Environment| {
        let home = environment.home();
        home.is_some_and(|home| !home.as_os_str().is_empty())
    };
    if environment.as_ref().is_some_and(has_home) || environment::is_half_made(root)? {
        return Ok(());
    }
    let problem = match environment {
        Some(_) => "its pyvenv.cfg names no `home`",
        None => "it has no pyvenv.cfg",
    };
    Err(Hinted::error(
        format!(
            "`{}` is not a virtual environment: {problem}",
            root.display()
        ),
        "name the directory of an environment; nothing else is ever deleted",
    ))
}

/// Refuses what could be renamed, but not removed then.
fn refuse_another_users(root: &Path) -> Result<()> {
    if !platform::is_withheld(root) {
        return Ok(());
    }
    Err(Hinted::error(
        format!(
            "`{}` belongs to another user, who does not let you remove what is in it",
            root.display()
        ),
        "delete it as that user",
    ))
}

/// Refuses where somebody has made an environment in the directory of something else.
fn refuse_foreign_entries(root: &Path) -> Result<()> {
    let foreign = environment::foreign_entries(root)?;
    if foreign.is_empty() {
        return Ok(());
    }
    Err(Hinted::error(
        format!(
            "`{}` also holds what is not an environment's: {}",
            root.display(),
            names(&foreign)
        ),
        "move it away first; `--force` deletes it too",
    ))
}

fn names(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| format!("`{}`", path.file_name().unwrap_or_default().display());
    let named: Vec<String> = paths.iter().take(MOST_NAMED).map(name).collect();
    match paths.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn refuse_active(root: &Path) -> Result<()> {
    let active = env::var_os("VIRTUAL_ENV").filter(|active| !active.is_empty());
    if active.is_none_or(|active| fs::real(Path::new(&active)) != fs::real(root)) {
        return Ok(());
    }
    Err(Hinted::error(
        format!("`{}` is the activated environment", root.display()),
        "leave it first, with `deactivate`; `--force` deletes it nonetheless",
    ))
}

/// Removes the environment in `root`, which [`inspect`] has returned: at once where its directory can be renamed.
///
/// # Errors
/// When it cannot be removed, or not all of it; then the error says where the rest is.
pub(crate) fn remove(ui: Ui, root: &Path, count: Count) -> Result<Removed> {
    let _turn = Turn::wait(ui, root)?;
    let meant = identity(root);
    // Whoever had the turn before may have taken it away.
    inspect(root, Loss::Accepted)?;
    replace::sweep(ui, root);
    match replace::rename_aside(root) {
        Ok(aside) if identity(&aside) != meant => Err(exchanged(root, &aside)),
        Ok(aside) => remove_tree(&aside, pyvenv_cfg::FILE_NAME, count)
            .map_err(|err| rest(root, &aside, &err)),
        Err(_) if platform::is_mount_point(root) => Err(Hinted::error(
            format!("something is mounted at `{}`", root.display()),
            "unmount it first",
        )),
        Err(err) => {
            ui.note(format_args!(
                "`{}` cannot be renamed, so it is removed where it is: {}",
                root.display(),
                err.kind()
            ));
            remove_in_place(ui, root, count)
        }
    }
}

/// Returns what tells a directory from every other one, wherever it is.
fn identity(dir: &Path) -> Option<[u64; 2]> {
    let metadata = dir.symlink_metadata().ok()?;
    let [device, number, ..] = platform::stamp(&metadata);
    Some([device, number])
}

/// Puts back what has come into the place of an environment while that was looked at, and returns the error that says so.
fn exchanged(root: &Path, aside: &Path) -> anyhow::Error {
    let place = match fs::rename(aside, root) {
        Ok(()) => String::new(),
        Err(_) => format!(", which is in `{}` now", aside.display()),
    };
    Hinted::error(
        format!(
            "`{}` was exchanged for something else meanwhile{place}",
            root.display()
        ),
        "look who does so, and delete it again",
    )
}

/// Removes what is in a directory, moved out of the way first so that it is gone at once, and the directory too where what
/// holds it lets it.
fn remove_in_place(ui: Ui, root: &Path, count: Count) -> Result<Removed> {
    let aside = replace::empty(root)?;
    let removed = remove_tree(aside.path(), pyvenv_cfg::FILE_NAME, count);
    let removed = removed.map_err(|err| rest(root, aside.path(), &err));
    aside.keep();
    let removed = removed?;
    match fs::remove_dir(root) {
        Err(err) if is_full(root) => return Err(rest(root, root, &err)),
        Err(err) => ui.warn(format_args!("the empty directory stays: {err:#}")),
        Ok(()) => {}
    }
    Ok(removed)
}

fn is_full(dir: &Path) -> bool {
    fs::list(dir).is_ok_and(|paths| !paths.is_empty())
}

/// Removes what a killed run has left of an environment that is not there any more. Returns where that was, `None` where
/// nothing was left.
pub(crate) fn finish(ui: Ui, typed: &Path) -> Option<PathBuf> {
    let root = target::absolute(typed).ok()?;
    let is_gone = root
        .symlink_metadata()
        .is_err_and(|err| fs::is_absent(&err));
    (is_gone && replace::sweep(ui, &root) > 0).then_some(root)
}

/// Returns the error that says where the rest of `root` is.
fn rest(root: &Path, rest: &Path, err: &anyhow::Error) -> anyhow::Error {
    let place = if rest == root {
        String::new()
    } else {
        format!(", the rest is in `{}`", rest.display())
    };
    Hinted::error(
        format!("not all of `{}` is deleted{place}: {err:#}", root.display()),
        format!(
            "once that can be removed, `rvenv delete {}` does",
            rest.display()
        ),
    )
}
