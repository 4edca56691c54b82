//! What a release is made with: `.ci/changelog`.

use crate::sandbox::Sandbox;
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
