//! The table of ways to have a Python: one row per way.

use std::path::PathBuf;

use super::{copies, environments, links, scripts};
use crate::parity::call::Invocation;
use crate::parity::case::{Case, Fate};
use crate::pythons::{Python, is_extreme};

/// Why `x/../y` is not found: PyPy, and CPython since its `getpath` is written in Python, take `..` and what is before
/// it out of a path as if it were text; what they then say of themselves is not there.
const TEXTUAL: &str = "`x/..` is taken for nothing though `x` is a link";

const COPIES: [&str; 2] = ["--copies", "env"];

pub(super) fn names() -> Vec<Case> {
    vec![
        Case::way("the real binary", links::real),
        Case::way("called python", |it| it.sibling("python")),
        Case::way("called python3.X", |it| it.sibling(&it.versioned())),
        Case::way("called pypy", |it| it.sibling("pypy")),
        Case::way("called pypy3", |it| it.sibling("pypy3")),
        Case::way("a link called python", |it| it.linked("python")),
        Case::way("a link called python3", |it| it.linked("python3")),
        Case::way("a link called python3.X", |it| it.linked(it.versioned())),
        Case::way("a link called mypy3", |it| it.linked("mypy3")),
        Case::way("a link called pypy", |it| it.linked("pypy")),
        Case::way("a link, --copies", |it| it.linked("python"))
            .with(&COPIES)
            .apart(),
    ]
}

pub(super) fn spellings() -> Vec<Case> {
    let ways = vec![
        Case::way("a relative link", links::relative),
        Case::way("a chain of links", links::chain),
        Case::way("Debian's alternatives", links::alternatives),
        Case::way("Homebrew's Cellar", links::cellar),
        Case::way("Homebrew's opt", links::opt),
        Case::way("a linked tree", links::tree),
        Case::way("a linked folder", links::folder),
        Case::way("x/../y", links::parent),
        Case::way("x/../y where x is a link", links::parent_of_link).except(
            Fate::Broken,
            TEXTUAL,
            |it| it.version >= (3, 11) || it.is_pypy,
        ),
        Case::way("x/./y//z", links::idle),
        Case::way("a relative path", links::relative_path),
        Case::way("a folder with letters and blanks", |it| {
            it.linked("it's = ünï #日本/python3")
        }),
        Case::way("a folder that ends in a blank", |it| {
            it.linked("bin /python3")
        }),
        Case::way("a folder that is not UTF-8", links::not_utf8).except(
            Fate::Broken,
            "pyvenv.cfg is UTF-8",
            |_| true,
        ),
    ];
    sampled(ways)
}

/// What is special enough that one version of several that are alike will do.
fn sampled(ways: Vec<Case>) -> Vec<Case> {
    ways.into_iter().map(|it| it.of(finds_paths_anew)).collect()
}

/// Whether it is the first version that finds its own place in its way, or the newest: CPython's `getpath` was written
/// anew for 3.8 and for 3.11.
fn finds_paths_anew(python: &Python) -> bool {
    python.is_pypy || is_extreme(python) || [(3, 8), (3, 11)].contains(&python.version)
}

pub(super) fn copies() -> Vec<Case> {
    let mut ways = vec![
        Case::way("called python3.X, --copies", |it| {
            it.sibling(&it.versioned())
        })
        .with(&COPIES),
        Case::way("a copy beside a linked lib", copies::beside_lib),
        Case::way("a copy alone", |it| copies::copy(it, "bin/python3")),
        Case::way("conda", |it| copies::conda(it).join("bin/python")),
    ];
    ways.extend(sampled(vec![
        Case::way("a link beside a copy beside a linked lib", |it| {
            it.link(copies::beside_lib(it), "new/bin/python")
        }),
        Case::way("a copy with another name beside a linked lib", |it| {
            copies::beside_lib(it);
            copies::copy(it, "new/bin/mypy3")
        }),
        Case::way("a hard link beside a linked lib", copies::hard_link),
        Case::way("a copy alone, --copies", |it| {
            copies::copy(it, "bin/python3")
        })
        .with(&COPIES)
        .apart(),
        Case::way("libraries beside it", copies::portable),
        Case::way("libraries beside it, --copies", copies::portable)
            .with(&COPIES)
            .apart(),
        Case::way("conda, --copies", |it| {
            copies::conda(it).join("bin/python3")
        })
        .with(&COPIES)
        .apart(),
        Case::way("CONDA_PREFIX", |it| {
            Invocation::active(it, "CONDA_PREFIX", copies::conda(it))
        }),
        Case::way("an environment of conda", |it| {
            let conda = copies::conda(it).join("bin/python");
            it.environment(&conda, "--symlinks", "one")
                .join("bin/python")
        }),
    ]));
    ways
}

pub(super) fn builds() -> Vec<Case> {
    let ways = vec![
        Case::way("a build", copies::build),
        Case::way("a build, --copies", copies::build).with(&COPIES),
        Case::way("a build by a relative path", |it| {
            copies::build(it)?;
            Some(PathBuf::from("../setup/build/python"))
        }),
        Case::way("a link to a build", |it| {
            Some(it.link(copies::build(it)?, "bin/python3"))
        }),
        Case::way("a build that lacks pybuilddir.txt", |it| {
            let build = copies::build(it)?;
            std::fs::remove_file(build.with_file_name("pybuilddir.txt")).unwrap();
            Some(build)
        })
        .except(Fate::Broken, "it lacks modules that venv needs", |it| {
            it.version >= (3, 11) && !copies::has_built_in(it, "_posixsubprocess")
        }),
        Case::way("an environment of a build", |it| {
            let one = it.environment(&copies::build(it)?, "--symlinks", "one");
            Some(one.join("bin/python"))
        }),
    ];
    sampled(ways)
}

pub(super) fn environments() -> Vec<Case> {
    let mut ways = vec![
        Case::way("an environment", |it| it.one().join("bin/python")),
        Case::way("an environment of copies", |it| {
            Some(environments::of_copies(it)?.join("bin/python"))
        }),
        Case::way("an environment of an environment of one", |it| {
            environments::third(it).join("bin/python")
        }),
        Case::way(
            "an environment of copies of an environment of copies",
            |it| Some(environments::second_of_copies(it)?.join("bin/python3")),
        ),
        Case::way("VIRTUAL_ENV", environments::active),
    ];
    ways.extend(sampled(vec![
        Case::way("an environment's python3", |it| {
            it.one().join("bin/python3")
        }),
        Case::way("an environment's python3.X", environments::versioned),
        Case::way("a moved environment", |it| {
            environments::moved(it).join("bin/python")
        }),
        Case::way("a linked environment", |it| {
            it.link(it.one(), "linked").join("bin/python")
        }),
        Case::way("a link to an environment's Python", |it| {
            it.link(it.one().join("bin/python"), "bin/python3")
        }),
        Case::way("a link to an environment's copy", |it| {
            let one = environments::of_copies(it)?;
            Some(it.link(one.join("bin/python"), "bin/python3"))
        }),
        Case::way("pyvenv.cfg beside the executable", environments::flat),
        Case::way("VIRTUAL_ENV, --copies", environments::active).with(&COPIES),
        Case::way("VIRTUAL_ENV before CONDA_PREFIX", |it| {
            environments::active(it).with("CONDA_PREFIX", copies::conda(it))
        }),
    ]));
    ways
}

pub(super) fn environments_of_others() -> Vec<Case> {
    sampled(vec![
        Case::way("rvenv's", |it| {
            environments::of_rvenv(it, "--symlinks").join("bin/python")
        }),
        Case::way("rvenv's copies", |it| {
            Some(environments::of_rvenvs_copies(it)?.join("bin/python"))
        }),
        Case::way("virtualenv's", |it| {
            Some(environments::of_virtualenv(it, "--symlinks")?.join("bin/python"))
        }),
        Case::way("virtualenv's copies", |it| {
            Some(environments::of_virtualenv(it, "--copies")?.join("bin/python3"))
        }),
        Case::way("uv's", |it| {
            Some(environments::of_uv(it)?.join("bin/python"))
        }),
    ])
}

/// With no `-p`, and a PATH of several folders or of folders that are not absolute.
pub(super) fn searched() -> Vec<Case> {
    const RELATIVE: &str = "a path that is relative is recorded as it is";
    vec![
        Case::way("a name on PATH", |it| Invocation {
            search: Some(it.folder().to_owned()),
            ..Invocation::asked(it.path().file_name().unwrap())
        }),
        Case::way("an environment on PATH", |it| {
            Invocation::first_in(it.one().join("bin"))
        }),
        Case::way("an environment of copies on PATH", |it| {
            Some(Invocation::first_in(
                environments::of_copies(it)?.join("bin"),
            ))
        }),
        Case::way("a folder on PATH, /", |it| {
            it.linked("bin/python3");
            Invocation::first_in(format!("{}/bin/", it.setup.display()))
        }),
        Case::way("a folder on PATH, //", |it| {
            it.linked("bin/python3");
            Invocation::first_in(format!("{}//bin//", it.setup.display()))
        }),
        Case::way("a relative folder on PATH", |it| {
            it.linked("python3");
            Invocation::first_in("../setup")
        })
        .except(Fate::Broken, RELATIVE, |it| it.version >= (3, 11)),
        Case::way("the second folder on PATH", |it| {
            it.linked("two/python3");
            it.write("one/python3", "not executable");
            Invocation::first_in(format!("{0}/one:{0}/two", it.setup.display()))
        }),
        Case::way("the third folder on PATH", |it| {
            it.linked("three/python3");
            it.write("one/python3/file", "");
            it.link("nowhere", "two/python3");
            Invocation::first_in(format!("{0}/one:{0}/two:{0}/three", it.setup.display()))
        }),
        Case::way("a folder on PATH twice, once as a link", |it| {
            it.linked("real/python3");
            it.link("real", "link");
            Invocation::first_in(format!("{0}/link:{0}/real", it.setup.display()))
        }),
    ]
}

pub(super) fn scripts() -> Vec<Case> {
    sampled(vec![
        Case::way("a script", scripts::plain),
        Case::way("a script that starts a script", scripts::nested),
        Case::way("a script that starts a link", scripts::of_link),
        Case::way("a script that starts an environment's Python", |it| {
            scripts::script(it, "shims/python3", &it.one().join("bin/python"))
        }),
        Case::way("a script that another name is put on", scripts::renamed),
        Case::way("pyenv's shim", scripts::pyenv),
    ])
}
