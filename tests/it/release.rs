//! What a release is made with: `.ci/changelog`, `.ci/package` and `.ci/smoke`.

use crate::sandbox::{RVENV, Sandbox};
use crate::tidy::root;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_changelog_says_what_is_in_this_version() {
    let sandbox = Sandbox::new();
    let changelog = |version: &str| {
        let mut command = sandbox.command("bash");
        command.arg(root().join(".ci/changelog")).arg(version);
        command.assert()
    };
    let section = changelog(&format!("v{VERSION}")).success();
    let section = String::from_utf8_lossy(&section.get_output().stdout).into_owned();
    assert!(section.contains("\n- ") && !section.contains("\n## "));
    changelog("v0.0.0").failure().stdout("");
    changelog("0.0.0").failure().stdout("");
}

#[test]
fn what_is_packed_works_where_it_is_unpacked() {
    let mut sandbox = Sandbox::new();
    sandbox.set("SOURCE_DATE_EPOCH", "1000000000");
    let python = |script: &str, args: &[&str]| {
        let mut command = sandbox.command("python3");
        command.arg(root().join(script)).args(args);
        command.assert().success()
    };
    let archive = format!("dist/rvenv-{VERSION}-this.tar.gz");
    python(".ci/package", &["this", RVENV, "dist"]).stdout(format!("{archive}\n"));
    python(".ci/smoke", &[&archive]);
}
