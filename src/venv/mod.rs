//! What a virtual environment is (PEP 405). Nothing here knows of pip or of shells.

pub(crate) mod check;
pub(crate) mod create;
pub(crate) mod environment;
pub(crate) mod executables;
pub(crate) mod interpreter;
pub(crate) mod layout;
pub(crate) mod locate;
pub(crate) mod pyvenv_cfg;
pub(crate) mod remove;
pub(crate) mod replace;
pub(crate) mod search;
pub(crate) mod target;
pub(crate) mod turn;
