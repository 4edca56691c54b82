//! Removing a tree: never through a symlink, never into what is mounted there, on all cores.

#[cfg(unix)]
mod directory;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

#[cfg(unix)]
pub(in crate::sys) use directory::entries;
#[cfg(unix)]
pub(in crate::sys) use platform::on_disk;
pub(crate) use platform::remove_tree;

/// Whether to find out what a removal frees, which takes a call to the system for each file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Bytes,
    Nothing,
}

/// What was removed, in bytes on disk; zero where nobody wanted to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Of files that had no other name, and of directories.
    pub(crate) freed: u64,
    /// Of files that are still there under another name.
    pub(crate) shared: u64,
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::sys::fs;
    use rustix::fs::{Mode, OFlags, mkdirat, openat};
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};
    use std::thread;
    use tempfile::TempDir;

    /// Returns a directory, and a tree in it.
    fn tree(files: &[&str]) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir(&tree).unwrap();
        for file in files {
            let path = tree.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write_new(&path, &[7; 8192]).unwrap();
        }
        (dir, tree)
    }

    #[track_caller]
    fn check(tree: &Path) {
        assert!(tree.symlink_metadata().is_ok(), "there is something");
        remove_tree(tree, "last", Count::Nothing).unwrap();
        assert!(tree.symlink_metadata().is_err(), "there is nothing");
    }

    #[test]
    fn symlinks_are_removed_and_never_followed() {
        let (dir, tree) = tree(&["sub/file"]);
        let outside = dir.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write_new(&outside.join("file"), b"text").unwrap();
        symlink(&outside, tree.join("directory")).unwrap();
        symlink(outside.join("file"), tree.join("sub/link")).unwrap();
        symlink("nowhere", tree.join("last")).unwrap();
        check(&tree);
        assert_eq!(fs::read(&outside.join("file")).unwrap(), b"text");
    }

    #[test]
    fn what_is_no_directory_is_no_tree() {
        let (dir, tree) = tree(&["file"]);
        let link = dir.path().join("link");
        symlink(&tree, &link).unwrap();
        for path in [link.clone(), link.join(""), tree.join("file")] {
            remove_tree(&path, "last", Count::Nothing).unwrap_err();
        }
        assert!(link.is_symlink() && tree.join("file").is_file());
        remove_tree(&dir.path().join("nothing"), "last", Count::Nothing).unwrap();
    }

    #[test]
    fn an_owner_needs_no_permissions() {
        let (_dir, tree) = tree(&["none/below/file", "read/below/file", "search/below/file"]);
        for (name, mode) in [
            ("none/below", 0),
            ("none", 0),
            ("read/below", 0o400),
            ("read", 0o500),
            ("search", 0o100),
            ("", 0o400),
        ] {
            fs::set_mode(&tree.join(name), mode).unwrap();
        }
        check(&tree);
    }

    #[test]
    fn a_tree_may_be_deep_and_full() {
        let (_dir, tree) = tree(&[]);
        for number in 0..2000 {
            fs::write_new(&tree.join(format!("file-{number}")), b"").unwrap();
        }
        let flags = OFlags::DIRECTORY | OFlags::RDONLY;
        let mut directory = rustix::fs::open(&tree, flags, Mode::empty()).unwrap();
        for _ in 0..1500 {
            for name in ["one", "other"] {
                mkdirat(&directory, name, Mode::RWXU).unwrap();
            }
            directory = openat(&directory, "one", flags, Mode::empty()).unwrap();
        }
        check(&tree);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_may_be_any_bytes() {
        use std::os::unix::ffi::OsStrExt as _;
        let (_dir, tree) = tree(&["line\nfeed/ü"]);
        let name = std::ffi::OsStr::from_bytes(b"\xff\xfe");
        fs::create_dir(&tree.join(name)).unwrap();
        fs::write_new(&tree.join(name).join(name), b"").unwrap();
        check(&tree);
    }

    #[test]
    fn two_may_remove_the_same_tree() {
        let files: Vec<String> = (0..500)
            .map(|number| format!("{}/{}/{number}", number % 40, number % 3))
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        for _ in 0..3 {
            let (_dir, tree) = tree(&files);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| remove_tree(&tree, "last", Count::Nothing).unwrap());
                }
            });
            assert!(!tree.exists());
        }
    }

    #[test]
    fn what_another_name_keeps_is_not_freed() {
        let (dir, tree) = tree(&["file", "sub/one", "sub/other"]);
        let kept = dir.path().join("kept");
        std::fs::hard_link(tree.join("file"), kept).unwrap();
        std::fs::hard_link(tree.join("sub/one"), tree.join("sub/two")).unwrap();
        let removed = remove_tree(&tree, "last", Count::Bytes).unwrap();
        assert!(removed.freed >= 2 * 8192, "{removed:?}");
        assert!(removed.shared >= 8192, "{removed:?}");
    }
}
