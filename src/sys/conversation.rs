//! A program that is asked one thing after the other, and answers in time or is ended.

use crate::sys::interrupt::{self, STEP};
use crate::sys::platform;
use crate::sys::process::{self, Output, PATIENCE};
use anyhow::{Context as _, Result, anyhow};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A program that reads questions and writes answers. It is ended with the conversation, so that it is to leave nothing
/// half done between an answer and the next question.
#[derive(Debug)]
pub(crate) struct Conversation {
    name: String,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    complaints: Receiver<Vec<u8>>,
    limit: Duration,
    /// How often either side had its say: odd while an answer is due.
    turns: Arc<AtomicUsize>,
    /// Says that the program is silent for good; the guard ends it also where this is dropped.
    is_silent: Option<Sender<()>>,
    guard: Option<JoinHandle<Option<ExitStatus>>>,
}

impl Conversation {
    /// Starts a program that has to give each answer within `limit`, or within twice that.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command, limit: Duration) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = process::start(command.stdin(Stdio::piped()))
            .with_context(|| format!("failed to run `{name}`"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (questions, answers) = pipes.context("both are pipes")?;
        let complaints = process::drain(child.stderr.take());
        let complaints = complaints.inspect_err(|_| platform::kill(&mut child))?;
        let turns = Arc::new(AtomicUsize::new(0));
        let (is_silent, silence) = mpsc::channel();
        let seen = Arc::clone(&turns);
        // Without the guard, the program ends when its input does.
        let guard = thread::Builder::new().spawn(move || guard(child, limit, &silence, &seen))?;
        Ok(Self {
            name,
            questions,
            answers: BufReader::new(answers),
            complaints,
            limit,
            turns,
            is_silent: Some(is_silent),
            guard: Some(guard),
        })
    }

    /// Writes `question` and returns the answer, which is preceded by a line with its size in bytes.
    ///
    /// # Errors
    /// When the program ends, says something else, or does not answer in time.
    pub(crate) fn ask(&mut self, question: &[&[u8]]) -> Result<Vec<u8>> {
        self.turns.fetch_add(1, Ordering::Relaxed);
        let answer = self.exchange(question);
        self.turns.fetch_add(1, Ordering::Relaxed);
        answer.map_err(|err| self.explain(&err))
    }

    fn exchange(&mut self, question: &[&[u8]]) -> io::Result<Vec<u8>> {
        for part in question {
            self.questions.write_all(part)?;
        }
        let mut size = String::new();
        self.answers.read_line(&mut size)?;
        let size = size.trim_end().parse().map_err(io::Error::other)?;
        let mut answer = vec![0; size];
        self.answers.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// Ends the program and returns why it gave no answer.
    fn explain(&mut self, err: &io::Error) -> anyhow::Error {
        if let Some(is_silent) = self.is_silent.take() {
            is_silent.send(()).ok();
        }
        let status = self.guard.take().and_then(|guard| guard.join().ok()?);
        let Some(status) = status else {
            let seconds = self.limit.as_secs_f32();
            return anyhow!("`{}` did not answer within {seconds} seconds", self.name);
        };
        let stderr = self.complaints.recv_timeout(PATIENCE).unwrap_or_default();
        let output = Output {
            status,
            stdout: err.to_string().into_bytes(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        };
        let complaint = output.last_complaint();
        anyhow!("`{}` ended early ({status}): {complaint}", self.name)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        drop(self.is_silent.take());
        if let Some(guard) = self.guard.take() {
            guard.join().ok();
        }
    }
}

/// Ends a program when the conversation is over, or an answer is overdue. Returns how one ended that was silent for good,
/// and `None` for all others.
fn guard(
    mut child: Child,
    limit: Duration,
    silence: &Receiver<()>,
    turns: &AtomicUsize,
) -> Option<ExitStatus> {
    let mut seen = 0;
    let mut looked = Instant::now();
    let status = loop {
        match silence.recv_timeout(STEP.min(limit)) {
            Ok(()) => break process::wait_until(&mut child, Instant::now() + PATIENCE),
            Err(RecvTimeoutError::Disconnected) => break Ok(None),
            Err(RecvTimeoutError::Timeout) if interrupt::check().is_err() => break Ok(None),
            Err(RecvTimeoutError::Timeout) if looked.elapsed() < limit => {}
            Err(RecvTimeoutError::Timeout) => {
                let turn = turns.load(Ordering::Relaxed);
                if turn % 2 == 1 && turn == seen {
                    break Ok(None);
                }
                seen = turn;
                looked = Instant::now();
            }
        }
    };
    platform::kill(&mut child);
    status.ok().flatten()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    fn shell(script: &str) -> Conversation {
        let mut command = Command::new("sh");
        Conversation::start(command.args(["-c", script]), LIMIT).unwrap()
    }

    #[track_caller]
    fn assert_fails(script: &str, message: &str) {
        // More than a pipe holds, so that writing waits too.
        let error = shell(script)
            .ask(&["x".repeat(1 << 20).as_bytes()])
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn each_question_gets_its_answer_however_long_the_pause() {
        let mut echo = shell("while read line; do echo ${#line}; printf %s \"$line\"; done");
        assert_eq!(echo.ask(&[b"one\n"]).unwrap(), b"one");
        thread::sleep(LIMIT * 3);
        assert_eq!(echo.ask(&[b"fo", b"ur\n"]).unwrap(), b"four");
        assert_eq!(echo.ask(&[b"\n"]).unwrap(), b"");
    }

    #[test]
    fn who_neither_reads_nor_answers_is_ended() {
        assert_fails("sleep 600 & sleep 600", "did not answer within 0.1 seconds");
        assert_fails("cat >/dev/null; sleep 600", "did not answer");
        assert_fails("echo 5; sleep 600", "did not answer");
    }

    #[test]
    fn who_ends_says_why() {
        assert_fails(
            "echo 'out of ideas' >&2; exit 3",
            "status: 3): out of ideas",
        );
        assert_fails("kill -9 $$", "signal: 9");
        assert_fails("head -c 1048576 >/dev/null; echo nonsense", "invalid digit");
    }

    #[test]
    fn nobody_is_left_when_the_conversation_is_over() {
        let mut parent = shell("sleep 600 & echo ${#!}; printf $!; wait");
        let child = String::from_utf8(parent.ask(&[]).unwrap()).unwrap();
        drop(parent);
        let state = || std::fs::read_to_string(format!("/proc/{child}/stat"));
        let is_gone = || state().map_or(true, |stat| stat.contains(") Z "));
        assert!((0..1000).any(|_| {
            thread::sleep(Duration::from_millis(1));
            is_gone()
        }));
    }
}
