//! Compiling modules, by the very interpreter that the bytecode is for.

use crate::error::Hinted;
use crate::sys::conversation::Conversation;
use crate::venv::interpreter::Interpreter;
use anyhow::Result;
use std::process::Command;
use std::time::Duration;

const COMPILE: &str = include_str!("compile.py");

/// How long one module may take; an emulated machine needs a hundred times as long as this one.
const LIMIT: Duration = Duration::from_secs(120);

/// An interpreter that compiles one module after the other, started when there is a first one.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    interpreter: &'a Interpreter,
    conversation: Option<Conversation>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(interpreter: &'a Interpreter) -> Self {
        Self {
            interpreter,
            conversation: None,
        }
    }

    /// Returns the code object of a module as in a bytecode file, or `None` where the module does not compile.
    ///
    /// # Errors
    /// When the interpreter does not start, ends, or does not answer in time.
    pub(super) fn compile(&mut self, path: &str, source: &[u8]) -> Result<Option<Vec<u8>>> {
        let code = self.ask(path, source).map_err(|err| refusal(path, &err))?;
        Ok(Some(code).filter(|code| !code.is_empty()))
    }

    fn ask(&mut self, path: &str, source: &[u8]) -> Result<Vec<u8>> {
        let conversation = match &mut self.conversation {
            Some(conversation) => conversation,
            None => self.conversation.insert(start(self.interpreter)?),
        };
        let head = format!("{} {path}\n", source.len());
        conversation.ask(&[head.as_bytes(), source])
    }
}

fn start(interpreter: &Interpreter) -> Result<Conversation> {
    let mut command = Command::new(&interpreter.executable);
    command.args(["-I", "-S", "-B", "-W", "ignore", "-c", COMPILE]);
    Conversation::start(&mut command, LIMIT)
}

fn refusal(path: &str, err: &anyhow::Error) -> anyhow::Error {
    Hinted::error(
        format!("failed to compile `{path}`: {err:#}"),
        "reinstall that Python, or leave pip out with `--without-pip`",
    )
}
