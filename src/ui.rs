//! What a person at a terminal sees: colour, notes, warnings, errors, the summary line.
//!
//! Everything goes to stderr; stdout carries data only.

use crate::error;
use anstream::{AutoStream, ColorChoice};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// Warnings, and on a terminal one line about what was done.
    Normal,
    /// Also why things were done as they were.
    Verbose,
}

/// When to write colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// The person's end of the conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    verbosity: Verbosity,
    color: Color,
    terminal: bool,
    /// Whether what was done is said.
    answers: bool,
}

impl Ui {
    pub(crate) fn new(verbosity: Verbosity, color: impl Into<Color>) -> Self {
        Self {
            verbosity,
            color: color.into(),
            terminal: io::stderr().is_terminal(),
            answers: true,
        }
    }

    /// Returns one that does not say what was done: a program is told on stdout, or it is only a part of what was asked for.
    pub(crate) fn without_answers(self) -> Self {
        Self {
            answers: false,
            ..self
        }
    }

    /// Returns what says nothing but errors.
    pub(crate) fn quiet(self) -> Self {
        Self {
            verbosity: Verbosity::Quiet,
            ..self
        }
    }

    /// Says why something was done as it was (`-v`).
    pub(crate) fn note(self, message: impl Display) {
        if self.verbosity == Verbosity::Verbose {
            say(printable_lines(&message.to_string()));
        }
    }

    /// Says what a person should know although all went well.
    pub(crate) fn warn(self, message: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            let message = printable_lines(&message.to_string());
            say(format_args!("{}: {message}", self.style("warning", "1;33")));
        }
    }

    /// Says what was asked for.
    pub(crate) fn answer(self, message: impl Display) {
        if self.speaks() {
            say(printable_lines(&message.to_string()));
        }
    }

    /// Says what was done, where a person is there to read it.
    pub(crate) fn summary(self, message: impl Display) {
        if self.summarizes() {
            say(format_args!("{message}"));
        }
    }

    /// Returns whether a person reads what was done.
    pub(crate) fn summarizes(self) -> bool {
        let is_read = self.verbosity == Verbosity::Verbose || self.terminal && self.speaks();
        self.answers && is_read
    }

    /// Returns whether answers are to be said.
    pub(crate) fn speaks(self) -> bool {
        self.answers && self.verbosity > Verbosity::Quiet
    }

    /// Prints `err` and its causes on one line, then every hint among them; nothing where that has been said.
    pub(crate) fn error(self, err: &anyhow::Error) {
        if err.is::<error::Reported>() {
            return;
        }
        let message = printable_lines(&format!("{err:#}"));
        say(format_args!("{}: {message}", self.style("error", "1;31")));
        for hint in error::hints(err).map(printable_lines) {
            say(format_args!("{}: {hint}", self.style("hint", "1;36")));
        }
    }

    /// Returns `text` in bold where colours are wanted.
    pub(crate) fn bold(self, text: &str) -> String {
        self.style(text, "1")
    }

    /// Returns a line that counts to `total`, for work that takes long where a person is there to wait.
    pub(crate) fn progress(self, what: String, total: usize) -> Progress {
        Progress {
            what,
            total,
            done: AtomicUsize::new(0),
            activity: self.activity(),
        }
    }

    /// Returns a line for work of which nobody knows how much there is.
    pub(crate) fn activity(self) -> Activity {
        let is_shown = self.terminal && self.verbosity > Verbosity::Quiet && can_redraw();
        let line = || {
            Mutex::new(Line {
                due: Instant::now() + FIRST_LINE,
                width: 0,
            })
        };
        Activity {
            line: is_shown.then(line),
        }
    }

    /// Returns whether to write colours; where nothing else is asked for, the terminal and the environment tell, as for
    /// usage errors and help: `NO_COLOR`, then `CLICOLOR_FORCE`, then `CLICOLOR`, then `TERM`.
    fn is_styled(self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
        }
    }

    /// Asks the person at the terminal, whatever stdin is; `None` where there is nobody, or nobody who would see the question.
    pub(crate) fn confirm(self, question: impl Display) -> Option<Answer> {
        if !self.terminal {
            return None;
        }
        let terminal = File::open(TERMINAL).ok()?;
        write!(io::stderr(), "{question} [y/N] ").ok()?;
        let mut line = String::new();
        BufReader::new(terminal).read_line(&mut line).ok()?;
        let is_yes = ["y", "yes"].contains(&line.trim().to_lowercase().as_str());
        Some(if is_yes { Answer::Yes } else { Answer::No })
    }

    fn style(self, text: &str, sgr: &str) -> String {
        if self.is_styled() {
            format!("\x1b[{sgr}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// How long work takes that needs no explanation, and how long to read a line.
const FIRST_LINE: Duration = Duration::from_millis(300);
const NEXT_LINE: Duration = Duration::from_millis(100);

/// Where a person types, whatever stdin is.
#[cfg(unix)]
const TERMINAL: &str = "/dev/tty";
#[cfg(windows)]
const TERMINAL: &str = "CONIN$";

/// What a person says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    /// Anything else, too.
    No,
}

/// A line that says how far work has come. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    total: usize,
    done: AtomicUsize,
    activity: Activity,
}

/// A line that says what is being done. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Activity {
    /// `None` where nobody is there to see it.
    line: Option<Mutex<Line>>,
}

#[derive(Debug)]
struct Line {
    /// When to draw it again.
    due: Instant,
    /// How much of it is there, in characters.
    width: usize,
}

impl Progress {
    /// Counts one more, from any thread.
    pub(crate) fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.activity
            .show(|| format!("{} … {done}/{}", self.what, self.total));
    }
}

impl Activity {
    /// Shows a text if it is time for another one, from any thread.
    pub(crate) fn show(&self, text: impl FnOnce() -> String) {
        // Who finds another thread drawing has nothing newer to say.
        if let Some(mut line) = self.line.as_ref().and_then(|line| line.try_lock().ok())
            && line.due <= Instant::now()
        {
            let text = text();
            draw(&text);
            line.due = Instant::now() + NEXT_LINE;
            line.width = line.width.max(text.chars().count());
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        let line = self.line.as_mut().and_then(|line| line.get_mut().ok());
        if let Some(line) = line.filter(|line| line.width > 0) {
            draw(&" ".repeat(line.width));
            draw("");
        }
    }
}

/// Writes over the line that the cursor is on.
fn draw(line: &str) {
    write!(io::stderr(), "\r{line}").ok();
}

/// Returns a text without what a terminal would do instead of showing: what is from files may hold anything.
pub(crate) fn printable(text: &str) -> String {
    let is_unsafe = |char: char| {
        char.is_control()
            || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    let shown = |char: char| {
        let escaped = is_unsafe(char).then(|| char.escape_default().to_string());
        escaped.unwrap_or_else(|| char.to_string())
    };
    text.chars().map(shown).collect()
}

/// Returns a text that may have several lines as [`printable`] has each.
fn printable_lines(text: &str) -> String {
    let lines = text.split('\n').map(printable);
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes a line; a reader that is gone, or a disk that is full, is no reason to stop.
fn say(line: impl Display) {
    writeln!(io::stderr(), "{line}").ok();
}

/// Returns whether a terminal is more than a printer.
fn can_redraw() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
