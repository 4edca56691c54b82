//! Symlinks that somebody planted where rvenv writes or removes: it works or refuses, and nothing outside is written, made
//! or removed (PYSEC-2026-4380).

mod shared;
mod store;
mod target;

use crate::sandbox::{Entry, Sandbox, tree};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What a planted symlink leads to.
#[derive(Debug, Clone, Copy)]
enum Bait {
    Directory,
    File,
    /// Nothing, in a directory where something could be made.
    Nothing,
}

const BAITS: [Bait; 3] = [Bait::Directory, Bait::File, Bait::Nothing];

impl Bait {
    fn path(self, sandbox: &Sandbox) -> PathBuf {
        let name = match self {
            Self::Directory => "dir",
            Self::File => "file",
            Self::Nothing => "nothing",
        };
        outside(sandbox).join(name)
    }

    /// Puts a symlink in the place of whatever is at `place`.
    fn plant(self, sandbox: &Sandbox, place: &Path) {
        let is_dir = fs::symlink_metadata(place).is_ok_and(|it| it.is_dir());
        if is_dir {
            fs::remove_dir_all(place).unwrap();
        } else {
            fs::remove_file(place).ok();
        }
        symlink(self.path(sandbox), place).unwrap();
    }
}

/// Where nothing is to be changed.
fn outside(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().with_file_name("outside")
}

/// Fills it with what could be taken for what is in an environment or in the store.
fn furnish(sandbox: &Sandbox) {
    let files = [
        ("file", "home = /usr/bin\n"),
        ("dir/file", "mine\n"),
        ("dir/__init__.py", "mine\n"),
        ("dir/python", "mine\n"),
        ("dir/activate", "mine\n"),
        ("dir/pip", "#!/elsewhere/bin/python3\nmine\n"),
        ("dir/pyvenv.cfg", "home = /usr/bin\n"),
        ("dir/manifest.json", "{}"),
        ("dir/RECORD", RECORD),
    ];
    for (name, text) in files {
        let path = outside(sandbox).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A distribution that claims what is outside and what is another's.
const RECORD: &str = "pip/__init__.py,,\n../../../bin/tool,,\n../../../../../outside/file,,\n\
                      ../../../../../outside/dir/file,,\nfile,,\n";

/// Everything outside, as it is now.
fn look(sandbox: &Sandbox) -> BTreeMap<PathBuf, Entry> {
    let found = tree(outside(sandbox));
    assert!(found.len() > 8);
    found
}
