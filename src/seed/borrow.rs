//! Bytecode that an interpreter has already, in its own site-packages: python.org's, pyenv's and others come with the very
//! pip that their `ensurepip` bundles, compiled.

use crate::seed::bytecode::Bytecode;
use crate::sys::fs;
use crate::venv::interpreter::Interpreter;
use std::path::Path;

/// Returns what follows the header in the bytecode of a module, where the interpreter has valid bytecode of the very same
/// source under the same path. It is trusted as is all that is installed there, which any program may import.
pub(super) fn borrow(
    interpreter: &Interpreter,
    bytecode: &Bytecode,
    path: &str,
    source: &[u8],
) -> Option<Vec<u8>> {
    let mut folders = interpreter.site_packages.iter();
    folders.find_map(|folder| borrow_from(folder, bytecode, path, source))
}

fn borrow_from(folder: &Path, bytecode: &Bytecode, path: &str, source: &[u8]) -> Option<Vec<u8>> {
    let installed = folder.join(path);
    // Before it is read: if it changes meanwhile, its bytecode is that of the older one.
    let metadata = fs::metadata(&installed).ok()?;
    let is_same_size = metadata.is_file() && metadata.len() == source.len() as u64;
    if !is_same_size || fs::read(&installed).ok()? != source {
        return None;
    }
    let compiled = folder.join(bytecode.path(path)?);
    if !fs::metadata(&compiled).ok()?.is_file() {
        return None;
    }
    let mut contents = fs::read(&compiled).ok()?;
    let header = bytecode.header(&metadata)?;
    let is_valid = contents.starts_with(&header) && contents.len() > header.len();
    is_valid.then(|| contents.split_off(header.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::{Duration, UNIX_EPOCH};

    const SOURCE: &[u8] = b"x = 1\n";
    const HEADER: [u8; 16] = *b"\0\0\r\n\0\0\0\0\x01\0\0\0\x06\0\0\0";

    /// Returns what is borrowed where site-packages have this source, modified this many seconds after 1970, and this
    /// bytecode.
    fn borrowed(source: &[u8], modified: u64, compiled: &[u8]) -> Option<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let mut interpreter = Interpreter::sample("cpython", 13, "python3");
        interpreter.site_packages = vec![PathBuf::from("/nowhere"), dir.path().to_owned()];
        fs::create_dir_all(&dir.path().join("a/__pycache__")).unwrap();
        let module = dir.path().join("a/b.py");
        fs::write_new(&module, source).unwrap();
        let module = std::fs::File::options().append(true).open(&module).unwrap();
        module
            .set_modified(UNIX_EPOCH + Duration::from_secs(modified))
            .unwrap();
        let pyc = dir.path().join("a/__pycache__/b.cpython-313.pyc");
        fs::write_new(&pyc, compiled).unwrap();
        let bytecode = Bytecode::of(&interpreter).unwrap();
        borrow(&interpreter, &bytecode, "a/b.py", SOURCE)
    }

    #[test]
    fn valid_bytecode_of_the_same_source_is_borrowed() {
        let compiled = [&HEADER[..], b"body"].concat();
        assert_eq!(borrowed(SOURCE, 1, &compiled).unwrap(), b"body");
    }

    #[test]
    fn what_is_of_another_source_or_interpreter_is_not_borrowed() {
        let compiled = [&HEADER[..], b"body"].concat();
        assert_eq!(borrowed(b"x = 2\n", 1, &compiled), None, "source");
        assert_eq!(borrowed(SOURCE, 2, &compiled), None, "time");
        assert_eq!(borrowed(SOURCE, 1, &HEADER), None, "empty");
        assert_eq!(borrowed(SOURCE, 1, &HEADER[..9]), None, "cut off");
        for (at, what) in [(0, "magic number"), (4, "flags"), (8, "time"), (12, "size")] {
            let mut foreign = compiled.clone();
            foreign[at] ^= 3;
            assert_eq!(borrowed(SOURCE, 1, &foreign), None, "{what}");
        }
    }
}
