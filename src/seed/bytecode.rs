//! Bytecode files: what they are called (PEP 3147), and what says which source they are of (PEP 552).

use crate::venv::interpreter::Interpreter;
use data_encoding::HEXLOWER;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// The bytecode files of one interpreter.
#[derive(Debug)]
pub(super) struct Bytecode<'a> {
    tag: &'a str,
    /// What their header begins with: the magic number, and from 3.7 on the flags of a file that is valid for as long as
    /// its source has the same modification time and size.
    start: Vec<u8>,
}

impl<'a> Bytecode<'a> {
    /// Returns `None` where an interpreter never caches bytecode.
    pub(super) fn of(interpreter: &'a Interpreter) -> Option<Self> {
        let tag = interpreter.cache_tag.as_deref()?;
        let mut start = HEXLOWER.decode(interpreter.magic_number.as_bytes()).ok()?;
        if interpreter.is_at_least(3, 7) {
            start.extend([0; 4]);
        }
        Some(Self { tag, start })
    }

    /// Returns the path of the bytecode of a module, `None` for what is no module.
    pub(super) fn path(&self, source: &str) -> Option<String> {
        let stem = source.strip_suffix(".py")?;
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let separator = if folder.is_empty() { "" } else { "/" };
        let tag = self.tag;
        Some(format!("{folder}{separator}__pycache__/{name}.{tag}.pyc"))
    }

    /// Returns the header of the bytecode of a source; `None` where that is as old as no file can be.
    pub(super) fn header(&self, source: &Metadata) -> Option<Vec<u8>> {
        let modified = source.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let lowest = |number: u64| u32::try_from(number & 0xFFFF_FFFF).ok();
        let mut header = self.start.clone();
        for number in [lowest(modified.as_secs())?, lowest(source.len())?] {
            header.extend(number.to_le_bytes());
        }
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_is_named_after_its_module_and_its_interpreter() {
        let interpreter = Interpreter::sample("cpython", 13, "python3");
        let bytecode = Bytecode::of(&interpreter).unwrap();
        for (source, expected) in [
            ("six.py", Some("__pycache__/six.cpython-313.pyc")),
            ("a/b.c.py", Some("a/__pycache__/b.c.cpython-313.pyc")),
            ("a/py.typed", None),
        ] {
            assert_eq!(bytecode.path(source).as_deref(), expected);
        }
    }

    #[test]
    fn the_header_has_flags_from_3_7_on() {
        let source = tempfile::NamedTempFile::new().unwrap();
        let modified = UNIX_EPOCH + std::time::Duration::from_secs(0x1_0203_0405);
        source.as_file().set_modified(modified).unwrap();
        let metadata = source.as_file().metadata().unwrap();
        for (minor, flags) in [(6, &[][..]), (7, &[0; 4])] {
            let interpreter = Interpreter::sample("cpython", minor, "python3");
            let header = Bytecode::of(&interpreter).unwrap().header(&metadata);
            let start = [&[0, 0, 0x0d, 0x0a], flags].concat();
            assert_eq!(
                header.unwrap(),
                [&start[..], &[5, 4, 3, 2], &[0; 4]].concat()
            );
        }
    }
}
