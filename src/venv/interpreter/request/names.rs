//! What implementations, operating systems and machines are called.

/// What an implementation is called, and `sys.implementation.name`; none where that may be any.
pub(super) type Implementation = (&'static str, Option<&'static str>);

const IMPLEMENTATIONS: [Implementation; 12] = [
    ("", None),
    ("python", None),
    ("py", None),
    ("v", None),
    ("any", None),
    ("cpython", Some("cpython")),
    ("cp", Some("cpython")),
    ("pypy", Some("pypy")),
    ("pp", Some("pypy")),
    ("graalpy", Some("graalpy")),
    ("graalvm", Some("graalpy")),
    ("gp", Some("graalpy")),
];

/// What operating systems are called, and by which of the names they are compared.
pub(super) const SYSTEMS: [(&str, &str); 6] = [
    ("linux", "linux"),
    ("macos", "macos"),
    ("darwin", "macos"),
    ("windows", "windows"),
    ("win", "windows"),
    ("freebsd", "freebsd"),
];

/// What machines are called, and by which of the names they are compared.
pub(super) const MACHINES: [(&str, &str); 19] = [
    ("x86_64", "x86_64"),
    ("x86_64_v2", "x86_64"),
    ("x86_64_v3", "x86_64"),
    ("x86_64_v4", "x86_64"),
    ("amd64", "x86_64"),
    ("x86", "x86"),
    ("i386", "x86"),
    ("i586", "x86"),
    ("i686", "x86"),
    ("win32", "x86"),
    ("aarch64", "aarch64"),
    ("arm64", "aarch64"),
    ("armv7", "armv7"),
    ("armv7l", "armv7"),
    ("ppc64le", "ppc64le"),
    ("powerpc64le", "ppc64le"),
    ("s390x", "s390x"),
    ("riscv64", "riscv64"),
    ("loongarch64", "loongarch64"),
];

/// What C libraries are called.
pub(super) const LIBCS: [(&str, &str); 5] = [
    ("gnu", "gnu"),
    ("musl", "musl"),
    ("gnueabi", "gnueabi"),
    ("gnueabihf", "gnueabihf"),
    ("musleabihf", "musleabihf"),
];

/// Returns what `machine` is compared by.
pub(super) fn normalized(machine: &str) -> &str {
    named(&MACHINES, &machine.to_lowercase()).unwrap_or(machine)
}

/// Returns what a table has for a name.
pub(super) fn named(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let row = table.iter().find(|(own, _)| *own == name)?;
    Some(row.1)
}

/// Returns the row of the implementation that is called so.
pub(super) fn implementation(name: &str) -> Option<&'static Implementation> {
    IMPLEMENTATIONS.iter().find(|(own, _)| *own == name)
}
