//! Unix: a process can become the program, and else passes signals on until that has ended.

use crate::sys::{interrupt, platform};
use anyhow::Result;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal};
use rustix::{process, termios};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::{flag, low_level};
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is for the program, and would else end this process before it has cleaned up.
const PASSED_ON: [i32; 9] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGXCPU,
];

/// What a terminal sends to all processes of a group, the program among them.
const BY_TERMINAL: [i32; 2] = [SIGINT, SIGQUIT];

/// Turns this process into the program.
///
/// # Errors
/// Returns why that cannot be started; else it does not return.
pub(crate) fn replace(command: &mut Command) -> io::Error {
    match command.exec() {
        err if is_no_format(&err) => read_by_shell(command).exec(),
        err => err,
    }
}

fn is_no_format(err: &io::Error) -> bool {
    err.raw_os_error() == Some(Errno::NOEXEC.raw_os_error())
}

/// Returns a command that has a shell read what does not say by what it is to be read, as shells do, and `execvp` of some C
/// libraries.
fn read_by_shell(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Starts the program and waits for its end, however often this process is told to end meanwhile: it is the program that is
/// told.
///
/// # Errors
/// When it cannot be started, or this process was interrupted before.
pub(crate) fn accompany(command: &mut Command) -> Result<ExitStatus> {
    let mut signals = Signals::listen()?;
    interrupt::hand_over();
    interrupt::check()?;
    let child = match command.spawn() {
        Err(err) if is_no_format(&err) => read_by_shell(command).spawn(),
        child => child,
    };
    let mut child = child?;
    Ok(signals.pass_on(&mut child)?)
}

/// The signals that have come and were not passed on yet.
struct Signals {
    came: Vec<(i32, Arc<AtomicBool>)>,
    /// Has something to read after each of them, and after the end of a child.
    wake: UnixStream,
}

impl Signals {
    /// Starts to collect them; those that this process was started to ignore, the program ignores, too.
    fn listen() -> io::Result<Self> {
        let (wake, waker) = UnixStream::pair()?;
        let mut came = Vec::new();
        for signal in PASSED_ON.into_iter().filter(|it| !platform::ignores(*it)) {
            let flag = Arc::default();
            flag::register(signal, Arc::clone(&flag))?;
            low_level::pipe::register(signal, waker.try_clone()?)?;
            came.push((signal, flag));
        }
        low_level::pipe::register(SIGCHLD, waker)?;
        Ok(Self { came, wake })
    }

    fn pass_on(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            for (signal, came) in &self.came {
                if came.swap(false, Ordering::SeqCst) && !is_by_terminal(*signal) {
                    send(*signal, child);
                }
            }
            match self.wake.read(&mut [0; 64]) {
                Err(err) if err.kind() != io::ErrorKind::Interrupted => return Err(err),
                _ => {}
            }
        }
    }
}

/// Returns whether a signal is one that a terminal sends, and this process is in the group that it would send it to.
fn is_by_terminal(signal: i32) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = || rustix::fs::open("/dev/tty", flags, Mode::empty());
    let group = || termios::tcgetpgrp(terminal()?);
    BY_TERMINAL.contains(&signal) && group() == Ok(process::getpgrp())
}

/// Sends a signal to a process that was not waited for, so that its number is nobody else's.
fn send(signal: i32, child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some((pid, signal)) = pid.zip(Signal::from_named_raw(signal)) {
        // One that has ended meanwhile is waited for next.
        process::kill_process(pid, signal).ok();
    }
}

/// Ends this process as the program has ended: with its exit code, or by the signal that has ended it, so that a shell stops
/// its loop after an interrupt.
#[expect(clippy::exit, reason = "the code is the program's")]
pub(crate) fn end_as(status: ExitStatus) -> ! {
    if let Some(signal) = status.signal() {
        leave_no_core();
        low_level::emulate_default_handler(signal).ok();
        std::process::exit(128 + signal)
    }
    std::process::exit(status.code().unwrap_or_default())
}

/// The program has left one already, if it was to.
fn leave_no_core() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    process::setrlimit(Resource::Core, none).ok();
    leave_nothing_to_dump();
}

/// A program that takes the cores does not heed the limit.
#[cfg(target_os = "linux")]
fn leave_nothing_to_dump() {
    process::set_dumpable_behavior(process::DumpableBehavior::NotDumpable).ok();
}

/// Does nothing: cores are files here.
#[cfg(not(target_os = "linux"))]
fn leave_nothing_to_dump() {}
