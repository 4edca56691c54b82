//! Being interrupted (SIGINT, SIGTERM): whoever has something to put back goes on until it asks, and fails then.

use crate::sys::platform;
use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// How long who waits does not ask, at most.
pub(super) const STEP: Duration = Duration::from_millis(10);

/// How long after a signal the next one is taken for the same: `timeout` sends one to its command, and to the group of that.
const SAME: Duration = Duration::from_millis(500);

/// Whether the next signal ends the process.
static IS_LAST: AtomicBool = AtomicBool::new(false);

/// The number of the signal that has come; `None` before [`listen`].
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// What [`listen`] has put in place.
static LISTENERS: Mutex<Vec<SigId>> = Mutex::new(Vec::new());

/// That somebody wants this process to end.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Has signals wait until somebody asks for them. One more, half a second after that or later, ends the process as if nobody
/// had listened. One that this process was started to ignore, as in the background of a script, is ignored.
///
/// # Errors
/// When the system does not let it.
pub(crate) fn listen() -> io::Result<()> {
    let came = Arc::new(AtomicUsize::new(0));
    let is_heard = |signal: &i32| !platform::ignores(*signal);
    for signal in [SIGINT, SIGTERM].into_iter().filter(is_heard) {
        let number = signal.unsigned_abs() as usize;
        let listeners = [
            flag::register_conditional_default(signal, &IS_LAST)?,
            flag::register_usize(signal, Arc::clone(&came), number)?,
        ];
        listening().extend(listeners);
    }
    SIGNAL.get_or_init(|| came);
    keep_ended_children()
}

/// Has the system keep the ends of children for who waits for them, which it does not where this process was started to
/// ignore SIGCHLD. What is executed in its place finds the default.
#[cfg(unix)]
fn keep_ended_children() -> io::Result<()> {
    use signal_hook::consts::SIGCHLD;
    if platform::ignores(SIGCHLD) {
        flag::register(SIGCHLD, Arc::default())?;
    }
    Ok(())
}

/// Does nothing: they are kept.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
fn keep_ended_children() -> io::Result<()> {
    Ok(())
}

/// Leaves the signals that are still to come to others, who have put something in place for them.
pub(super) fn hand_over() {
    for listener in listening().drain(..) {
        low_level::unregister(listener);
    }
}

fn listening() -> MutexGuard<'static, Vec<SigId>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the number of the signal that has come.
pub(crate) fn signal() -> Option<u8> {
    let signal = SIGNAL.get()?.load(Ordering::Relaxed);
    let signal = u8::try_from(signal).ok().filter(|signal| *signal != 0);
    signal.inspect(|_| heed_the_next())
}

/// Has the next signal end the process, as soon as it is another one for sure.
fn heed_the_next() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let wait = || {
            thread::sleep(SAME);
            IS_LAST.store(true, Ordering::SeqCst);
        };
        // Without a thread there is still SIGKILL.
        thread::Builder::new().spawn(wait).ok();
    });
}

/// Returns whether the signal is one that a terminal sends to all processes of a group.
pub(crate) fn is_by_terminal() -> bool {
    signal().map(i32::from) == Some(SIGINT)
}

/// Goes on unless a signal has come.
///
/// # Errors
/// When one has.
pub(crate) fn check() -> Result<(), Interrupted> {
    match signal() {
        Some(_) => Err(Interrupted),
        None => Ok(()),
    }
}

/// Asks again and again, each time after a little longer, and returns the first answer.
///
/// # Errors
/// Those of `ask`, and when a signal comes.
pub(crate) fn wait_for<T>(mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut pause = Duration::from_micros(100);
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        check()?;
        thread::sleep(pause);
        pause = STEP.min(pause * 2);
    }
}
