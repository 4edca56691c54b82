//! What installing pip with one interpreter comes to: all of it that does not depend on the environment, worked out once and
//! remembered with the interpreter's facts.

use crate::seed::entry_points::EntryPoint;
use crate::seed::image::{Image, Manners};
use crate::seed::record::{self, Row};
use crate::seed::wheel::{self, Wheel};
use crate::sys::fs::{Look, Witness};
use crate::sys::link::Leaf;
use crate::sys::platform;
use crate::venv::interpreter::Interpreter;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::Path;

/// The shape of what is remembered; another one gets another number.
const SHAPE: u32 = 3;

/// How to install what `ensurepip` bundles.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Recipe<'a> {
    shape: u32,
    /// Where the wheels are, and where others may appear.
    witnesses: Vec<Witness>,
    /// The bits that new files did not get (the umask).
    umask: u32,
    /// Whether the file system of the images is known to have no clones.
    pub(super) is_unclonable: bool,
    /// In the order in which they are installed.
    #[serde(borrow)]
    pub(super) parts: Vec<Part<'a>>,
}

/// One distribution.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part<'a> {
    /// As in the file name of its wheel: `pip`.
    pub(super) name: &'a str,
    /// As in the file name of its wheel: `24.2`.
    pub(super) version: &'a str,
    /// The name of its image's directory.
    pub(super) image: &'a str,
    /// `NAME-VERSION.dist-info`.
    pub(super) dist_info: &'a str,
    /// Relative to `site-packages`, parents before children.
    #[serde(borrow)]
    pub(super) directories: Vec<&'a str>,
    /// Relative to `site-packages`, by directory.
    #[serde(borrow)]
    pub(super) files: Vec<Leaf<'a>>,
    #[serde(borrow)]
    pub(super) launchers: Vec<Launcher<'a>>,
    #[serde(borrow)]
    pub(super) record: Record<'a>,
    /// Whether there is to be a `REQUESTED` (PEP 376).
    pub(super) is_requested: bool,
}

/// The text of `RECORD` but for the rows of launchers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) before: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) after: Cow<'a, str>,
}

/// A script in `bin`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Launcher<'a> {
    /// All the names that it has.
    pub(super) names: Vec<String>,
    /// What follows the line that says which interpreter runs it.
    #[serde(borrow)]
    pub(super) script: Cow<'a, str>,
    /// Whether a blank line follows that line where it is a plain one.
    pub(super) blank_line: bool,
}

impl<'a> Recipe<'a> {
    /// Returns what was remembered, or `None` where that is nothing or does not hold any more.
    pub(super) fn recall(remembered: &'a [u8]) -> Option<Self> {
        let recipe: Self = postcard::from_bytes(remembered).ok()?;
        let holds = recipe.shape == SHAPE
            && recipe.umask == platform::umask()
            && recipe.witnesses.iter().all(Witness::still_holds);
        holds.then_some(recipe)
    }

    /// Returns the images that a remembered recipe needs, whatever the umask; none where it does not hold any more.
    pub(super) fn images(remembered: &'a [u8]) -> Vec<&'a str> {
        let recipe = postcard::from_bytes(remembered).ok();
        let holds = |recipe: &Self| {
            recipe.shape == SHAPE && recipe.witnesses.iter().all(Witness::still_holds)
        };
        let parts = recipe.filter(holds).map(|recipe| recipe.parts);
        let images = parts.into_iter().flatten().map(|part| part.image);
        images.collect()
    }

    /// Works out how to install `images`, those of `wheels`, with `interpreter`.
    ///
    /// # Errors
    /// When none of them is that of a pip.
    pub(super) fn new(
        interpreter: &Interpreter,
        wheels: &'a [Wheel],
        images: &'a [Image],
    ) -> Result<Self> {
        let manners = images
            .iter()
            .find_map(|image| image.manifest.manners.as_ref());
        let manners = manners.context("the bundled pip does not say how it writes launchers")?;
        let part = |(wheel, image)| Part::new(interpreter, manners, wheel, image);
        Ok(Self {
            shape: SHAPE,
            witnesses: wheel::witnesses(interpreter, wheels),
            umask: platform::umask(),
            is_unclonable: false,
            parts: wheels.iter().zip(images).map(part).collect::<Result<_>>()?,
        })
    }

    /// Returns the name of pip's own image.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn pip(&self) -> Result<&'a str> {
        let pip = self.parts.iter().find(|part| part.name == "pip");
        Ok(pip
            .context("there is no pip among the bundled wheels")?
            .image)
    }

    /// Returns the bytes that [`Recipe::recall`] understands.
    ///
    /// # Errors
    /// None that is known of.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(postcard::to_stdvec(self)?)
    }
}

impl<'a> Part<'a> {
    fn new(
        interpreter: &Interpreter,
        manners: &Manners,
        wheel: &'a Wheel,
        image: &'a Image,
    ) -> Result<Self> {
        let manifest = &image.manifest;
        let dist_info = manifest.dist_info.as_str();
        let directories: Vec<&str> = manifest.directories.iter().map(String::as_str).collect();
        let requested = manners
            .writes_requested
            .then(|| Row::of(format!("{dist_info}/REQUESTED"), b""));
        let record = match requested {
            Some(row) => record::insert(&manifest.record, vec![row])?.into(),
            None => Cow::from(manifest.record.as_str()),
        };
        Ok(Self {
            name: &wheel.name,
            version: &wheel.version,
            image: image.name()?,
            dist_info,
            files: leaves(image, &directories),
            directories,
            launchers: launchers(interpreter, manners, image),
            record: divided(record),
            is_requested: manners.writes_requested,
        })
    }
}

/// Returns the files of an image in the order of its directories.
fn leaves<'a>(image: &'a Image, directories: &[&str]) -> Vec<Leaf<'a>> {
    let directories_needed = |path: &str| {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let found = directories.binary_search(&parent);
        found.map_or(0, |index| index + 1)
    };
    let leaf = |(path, look): (&'a str, Look)| Leaf {
        path,
        directories: directories_needed(path),
        look: Some(look).filter(|_| is_edited_in_place(path)),
    };
    let mut leaves: Vec<Leaf> = image.manifest.files().map(leaf).collect();
    leaves.sort_by_key(|leaf| leaf.directories);
    leaves
}

/// Returns whether somebody may change a file without replacing it.
///
/// Python never writes to bytecode that is there but renames another file onto it, and takes none that is not of its source,
/// which is looked at. `cache verify` reads all.
fn is_edited_in_place(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_none_or(|extension| extension != "pyc")
}

fn launchers<'a>(
    interpreter: &Interpreter,
    manners: &Manners,
    image: &'a Image,
) -> Vec<Launcher<'a>> {
    let entry_points = image.manifest.entry_points.iter();
    let launcher = |entry_point: &'a EntryPoint| Launcher {
        names: entry_point.launcher_names(&interpreter.version.x_y()),
        script: manners.launchers.script(entry_point).into(),
        blank_line: manners.launchers.blank_line,
    };
    entry_points
        .map(launcher)
        .filter(|launcher| !launcher.names.is_empty())
        .collect()
}

/// Divides the text of `RECORD` where rows belong that begin with `../`.
fn divided(text: Cow<'_, str>) -> Record<'_> {
    let lines = text.split_inclusive('\n');
    let at = lines.take_while(|line| *line < "../").map(str::len).sum();
    let (before, after) = match text {
        Cow::Borrowed(text) => (text[..at].into(), text[at..].into()),
        Cow::Owned(mut text) => {
            let after = text.split_off(at);
            (text.into(), after.into())
        }
    };
    Record { before, after }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe<'static> {
        let leaf = |path| Leaf {
            path,
            directories: 1,
            look: None,
        };
        let launcher = Launcher {
            names: vec!["pip".to_owned(), "pip3".to_owned()],
            script: "import sys\n".into(),
            blank_line: false,
        };
        let part = Part {
            name: "pip",
            version: "24.2",
            image: "pip-24.2",
            dist_info: "pip-24.2.dist-info",
            directories: vec!["pip", "pip-24.2.dist-info"],
            files: ["pip/a.py", "pip/b.pyc"].map(leaf).into(),
            launchers: vec![launcher],
            record: divided("a,,\r\nb,,\r\n".into()),
            is_requested: true,
        };
        Recipe {
            shape: SHAPE,
            witnesses: vec![Witness::of("/nowhere".into())],
            umask: platform::umask(),
            is_unclonable: false,
            parts: vec![part],
        }
    }

    /// Lengths that are spoilt, too: what they ask for is never set aside at once.
    #[test]
    fn what_is_spoilt_is_no_recipe_or_another_one() {
        let bytes = recipe().to_bytes().unwrap();
        assert!(Recipe::recall(&bytes).is_some());
        for length in 0..bytes.len() {
            assert!(Recipe::recall(&bytes[..length]).is_none(), "{length}");
        }
        let endless = [[0xff; 9].as_slice(), &[1]].concat();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut spoilt = bytes.clone();
                spoilt[at] ^= 1 << bit;
                Recipe::recall(&spoilt);
                Recipe::images(&spoilt);
            }
            Recipe::recall(&[&bytes[..at], &endless, &bytes[at..]].concat());
        }
    }
}
