//! Executables that were copied: beside a library, alone, as conda and as a build has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use crate::parity::call::Ground;
use crate::pythons::Python;

/// The executable copied to where `name` says.
pub(super) fn copy(it: &Ground, name: &str) -> PathBuf {
    let path = it.place(name);
    fs::copy(it.real(), &path).unwrap();
    path
}

/// A copy under its own name in `bin`, and `lib` that leads to the real one.
pub(super) fn beside_lib(it: &Ground) -> PathBuf {
    it.link(it.root().join("lib"), "new/lib");
    let name = it.real().file_name().unwrap().to_str().unwrap().to_owned();
    copy(it, &format!("new/bin/{name}"))
}

/// A hard link in `bin`, and `lib` that leads to the real one.
pub(super) fn hard_link(it: &Ground) -> Option<PathBuf> {
    it.link(it.root().join("lib"), "new/lib");
    let path = it.place("new/bin/python3");
    fs::hard_link(it.real(), &path).ok()?;
    Some(path)
}

/// As a conda environment is: executables of its own, no `pyvenv.cfg`, a library whose files are links into the cache
/// of packages.
pub(super) fn conda(it: &Ground) -> PathBuf {
    let root = it.setup.join("conda");
    it.write("conda/conda-meta/history", "==> 2026-01-01 00:00:00 <==\n");
    let library = if it.python.is_pypy { "pypy" } else { "python" };
    for entry in fs::read_dir(it.root().join("lib")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with(library) || name.starts_with("lib") && name.contains(library) {
            it.link(entry.path(), format!("conda/lib/{name}"));
        }
    }
    let versioned = it.python.versioned_name();
    copy(it, &format!("conda/bin/{versioned}"));
    for name in ["python", "python3"] {
        it.link(&versioned, format!("conda/bin/{name}"));
    }
    root
}

/// As `make` leaves a source tree: the executable in its root, `Lib`, and in a folder that `pybuilddir.txt` names the
/// extensions. `None` for PyPy, which is not built so.
pub(super) fn build(it: &Ground) -> Option<PathBuf> {
    if it.python.is_pypy {
        return None;
    }
    let stdlib = it.root().join("lib").join(it.python.versioned_name());
    it.link(&stdlib, Path::new("build").join(source(it)).join("Lib"));
    it.write("build/pybuilddir.txt", "build/lib.X");
    it.write(
        "build/Modules/Setup.local",
        "# Edit this file for local setup changes\n",
    );
    it.write("build/Modules/Setup", "# The modules\n");
    let data = files(&stdlib).filter(|path| name(path).starts_with("_sysconfigdata"));
    for path in data.chain(files(&stdlib.join("lib-dynload"))) {
        it.link(&path, format!("build/build/lib.X/{}", name(&path)));
    }
    for (file, text) in [("Makefile", "all:\n"), ("pyconfig.h", "#define X 1\n")] {
        it.write(format!("build/{file}"), text);
    }
    Some(copy(it, "build/python"))
}

/// Whether a module is part of the executable.
pub(super) fn has_built_in(python: &Python, module: &str) -> bool {
    let question = format!("import sys; sys.exit('{module}' not in sys.builtin_module_names)");
    let mut command = Process::new(&python.path);
    command
        .args(["-I", "-c", &question])
        .status()
        .unwrap()
        .success()
}

/// Where the source is, from where it is built: a choice of when it was built itself.
fn source(it: &Ground) -> String {
    const VPATH: &str = "import sysconfig as it; print(it.get_config_var('VPATH') or '.')";
    let output = it.sandbox.command(it.path()).args(["-c", VPATH]).output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// As PyPy's own archives are, with libraries beside it; `None` for others.
pub(super) fn portable(it: &Ground) -> Option<PathBuf> {
    let files = ["lib/libffi.so.6", "lib/tcl/deep/init.tcl", "lib/pypy3.9/no"];
    for file in files {
        it.write(file, file);
    }
    it.link("libffi.so.6", "lib/libffi.so");
    it.python.is_pypy.then(|| it.linked("bin/pypy3"))
}
