//! Running a program with a time limit, its output kept.

use crate::sys::interrupt::{self, STEP};
use crate::sys::platform;
use anyhow::{Context as _, Result, bail};
use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{io, thread};

/// How much of a complaint is worth repeating, in characters.
const LONGEST_COMPLAINT: usize = 200;

/// How much of what a program says is kept, in bytes.
const MOST_OUTPUT: u64 = 16 << 20;

/// How long to wait for complaints once a program has ended.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Output {
    /// Returns the beginning of the last line that is not blank of what the program complained about, on stderr, or
    /// where that is silent on stdout.
    pub(crate) fn last_complaint(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let lines = self.stderr.lines().rev().chain(stdout.lines().rev());
        let line = lines.map(str::trim).find(|line| !line.is_empty());
        line.unwrap_or("it gave no reason")
            .chars()
            .take(LONGEST_COMPLAINT)
            .collect()
    }
}

/// Runs `command` on `input` for no longer than `limit`.
///
/// # Errors
/// When it cannot be started, or has not closed its output when the time is over; it is ended then.
pub(crate) fn run(command: &mut Command, input: &[u8], limit: Duration) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(if input.is_empty() {
        Stdio::null()
    } else {
        Stdio::piped()
    });
    let mut child = start(command).with_context(|| format!("failed to run `{name}`"))?;
    let pipes = listen(&mut child, input).inspect_err(|_| platform::kill(&mut child));
    let (stdout, stderr) = pipes.with_context(|| format!("failed to listen to `{name}`"))?;
    let deadline = Instant::now() + limit;
    let answer = hear(&stdout, deadline).and_then(|stdout| {
        let status = wait_until(&mut child, deadline)?;
        Ok(stdout.zip(status))
    });
    let answer = answer.inspect_err(|_| platform::kill(&mut child))?;
    let Some((stdout, status)) = answer else {
        platform::kill(&mut child);
        bail!(
            "`{name}` did not answer within {} seconds",
            limit.as_secs_f32()
        );
    };
    // Its children may keep this one open.
    let stderr = stderr.recv_timeout(PATIENCE).unwrap_or_default();
    Ok(Output {
        status,
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// Runs `command` for as long as it takes, in this process's group, so that an interrupt by the terminal reaches both.
///
/// # Errors
/// When it cannot be started, or this process is interrupted; it is told to end then.
pub(crate) fn wait(command: &mut Command) -> Result<Output> {
    let mut child = begin(command.stdout(Stdio::piped()))?;
    let (stdout, stderr) = (drain(child.stdout.take())?, drain(child.stderr.take())?);
    end_of(child, &stdout, &stderr)
}

/// The same, and shows what it says on stderr meanwhile; only its complaints are kept.
///
/// # Errors
/// Those of [`wait`].
pub(crate) fn show(command: &mut Command) -> Result<Output> {
    let mut child = begin(command.stdout(io::stderr()))?;
    let stdout = drain(None::<io::Empty>)?;
    let stderr = child.stderr.take().map(|pipe| Shown { pipe });
    end_of(child, &stdout, &drain(stderr)?)
}

fn begin(command: &mut Command) -> Result<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    let started = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    started.with_context(|| format!("failed to run `{name}`"))
}

fn end_of(mut child: Child, stdout: &Said, stderr: &Said) -> Result<Output> {
    let status = interrupt::wait_for(|| Ok(child.try_wait()?));
    let status = status.inspect_err(|_| end(&mut child))?;
    let [stdout, stderr] = [stdout, stderr].map(|said| said.recv_timeout(PATIENCE));
    Ok(Output {
        status,
        stdout: stdout.unwrap_or_default(),
        stderr: String::from_utf8_lossy(&stderr.unwrap_or_default()).into_owned(),
    })
}

/// A pipe of which all that is read goes to stderr, too.
struct Shown<R> {
    pipe: R,
}

impl<R: Read> Read for Shown<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.pipe.read(buffer)?;
        // Nobody may be there to see it.
        io::stderr().write_all(&buffer[..length]).ok();
        Ok(length)
    }
}

/// How long a program may take to put things back, and how long until it is asked to.
const LONGEST_END: Duration = Duration::from_secs(10);
const UNASKED: Duration = Duration::from_secs(2);

/// Waits for the end of a program that may have to put things back, as pip has. The interrupt of a terminal has reached it
/// already, and a second one would cut it short.
fn end(child: &mut Child) {
    let start = Instant::now();
    let mut is_asked = false;
    while matches!(child.try_wait(), Ok(None)) && start.elapsed() < LONGEST_END {
        if !is_asked && (!interrupt::is_by_terminal() || start.elapsed() > UNASKED) {
            platform::interrupt(child);
            is_asked = true;
        }
        thread::sleep(STEP);
    }
    // One that has ended meanwhile is what was wanted.
    child.kill().ok();
    child.wait().ok();
}

/// Returns what a program has said once that is complete, or `None` where it is not by `deadline`.
///
/// # Errors
/// When this process is interrupted.
fn hear(said: &Said, deadline: Instant) -> Result<Option<Vec<u8>>> {
    loop {
        interrupt::check()?;
        match said.recv_timeout(STEP) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
            Err(_) => return Ok(None),
        }
    }
}

/// Waits for the end of a program, and returns `None` where that has not come by `deadline`.
///
/// # Errors
/// When this process is interrupted.
pub(super) fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        interrupt::check()?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(None)
}

/// What a program says, when it is complete.
type Said = Receiver<Vec<u8>>;

/// Gives a program its input, and returns its output and its complaints when they are complete.
fn listen(child: &mut Child, input: &[u8]) -> io::Result<(Said, Said)> {
    feed(child.stdin.take(), input)?;
    Ok((drain(child.stdout.take())?, drain(child.stderr.take())?))
}

/// Writes `input` from a thread of its own, so that a program that never reads blocks nobody.
fn feed(pipe: Option<ChildStdin>, input: &[u8]) -> io::Result<()> {
    if let Some(mut pipe) = pipe {
        let input = input.to_vec();
        // A program that reads nothing breaks the pipe, which is its own affair.
        thread::Builder::new().spawn(move || pipe.write_all(&input).ok())?;
    }
    Ok(())
}

/// Starts a program as the leader of a group, its output in pipes.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    platform::lead_group(command);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Reads a pipe to its end in a thread of its own, so that a full pipe never blocks the other one.
pub(super) fn drain(pipe: Option<impl Read + Send + 'static>) -> io::Result<Said> {
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.by_ref().take(MOST_OUTPUT).read_to_end(&mut bytes).ok();
            io::copy(&mut pipe, &mut io::sink()).ok();
        }
        sender.send(bytes).ok();
    };
    thread::Builder::new().spawn(read)?;
    Ok(receiver)
}
