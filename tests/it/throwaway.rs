//! What would wipe a machine or a home if it were not refused: in a root of its own, which is thrown away, and nowhere else.
//!
//! `throwaway.sh` builds that root in the memory, with the system's programs bound read-only, changes into it, and runs
//! nothing unless it finds itself there. The decisions themselves are unit tests in `src/venv/target.rs`.

use crate::sandbox::{RVENV, Sandbox, note};
use std::path::Path;

const SCRIPT: &str = include_str!("throwaway.sh");

#[test]
fn nothing_wipes_a_machine_or_a_home() {
    let sandbox = Sandbox::new();
    let script = sandbox.write("throwaway.sh", SCRIPT);
    let root = sandbox.path("root");
    std::fs::create_dir(&root).unwrap();
    let private = ["-m", "--propagation", "private"];
    let probe = "mount -t tmpfs tmpfs root && chroot / /bin/true";
    let mut unshare = sandbox.command("unshare");
    let can = unshare.args(private).args(["sh", "-c", probe]).output();
    let has_python = Path::new("/usr/bin/python3").is_file();
    if !has_python || !can.is_ok_and(|output| output.status.success()) {
        return note("skipped: only root can make a root of its own, and with /usr/bin/python3");
    }
    let mut unshare = sandbox.command("unshare");
    unshare.args(private).arg("sh").arg(script).arg(root);
    let output = unshare.arg(RVENV).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said} {output:?}");
    let count: usize = said.split(' ').next().unwrap().parse().unwrap();
    note(&format!("{count} commands were refused"));
    assert!(count > 500, "{said}");
}
