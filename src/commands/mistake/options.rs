//! Options of other tools, and what they are here.

const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["--seed", "--pip"],
        "an environment gets pip anyway, unless `--without-pip` is given",
    ),
    (&["--no-seed", "--no-pip"], "`--without-pip` leaves pip out"),
    (
        &[
            "--no-setuptools",
            "--no-wheel",
            "--setuptools",
            "--wheel",
            "--without-setuptools",
            "--without-wheel",
        ],
        "an environment gets what `python -m venv` gives it: pip, below Python 3.12 setuptools too; `--without-pip` leaves both out",
    ),
    (
        &["--allow-existing", "--no-clear"],
        "that is what happens anyway: what is there stays, unless `--clear` is given",
    ),
    (&["--always-copy"], "`--copies` copies the interpreter"),
    (
        &["--symlink-app-data"],
        "`--link-mode symlink` links to the store",
    ),
    (&["--app-data"], "`--cache-dir` says where what is kept is"),
    (
        &["--clear-app-data", "--reset-app-data"],
        "`rvenv cache clear` empties the store",
    ),
    (
        &["--no-vcs-ignore"],
        "`--without-scm-ignore-files` leaves the `.gitignore` out",
    ),
    (
        &["--activators"],
        "`rvenv activate-script` has the scripts for all shells",
    ),
    (
        &["--relocatable"],
        "there is none: `rvenv --upgrade` mends an environment that was moved",
    ),
    (
        &["--no-config", "--no-project"],
        "there is no configuration file, and `--python` wins over what a project asks for",
    ),
    (
        &[
            "--managed-python",
            "--no-managed-python",
            "--no-python-downloads",
            "--python-preference",
        ],
        "no Python is downloaded; `--python` says which one to use, `rvenv python list` which there are",
    ),
    (
        &[
            "--download",
            "--never-download",
            "--no-download",
            "--no-periodic-update",
            "--offline",
        ],
        "nothing is downloaded anyway, unless `--upgrade-deps` is given",
    ),
    (
        &["--creator", "--discovery", "--try-first-with"],
        "there is one way to make an environment; `--python` says of which Python",
    ),
    (&["--copy"], "`--copies` copies the interpreter"),
    (
        &[
            "--list",
            "--delete",
            "--remove",
            "--activate",
            "--run",
            "--check",
        ],
        "what is done with environments is a word, as in `rvenv list`; `rvenv --help` has them all",
    ),
    (
        &["--name", "--prefix"],
        "an environment is named by its directory, which stands without an option",
    ),
];

/// Returns what to do instead of giving an option of another tool.
pub(crate) fn advice(option: &str) -> Option<&'static str> {
    let mut rows = OPTIONS.iter();
    let row = rows.find(|(names, _)| names.contains(&option));
    row.map(|(_, advice)| *advice)
}
