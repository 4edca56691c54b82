//! The integration tests: one binary, one module per subject. A new test goes into the file of its subject (`parity` for
//! what `python -m venv` settles, `pip` for what pip does afterwards, `shells` for activation); only a new subject is a
//! new file. `sandbox` is the harness, `pythons` the interpreters: a test is three lines on top of them.

#[cfg(unix)]
mod activate_script;
#[cfg(unix)]
mod archives;
#[cfg(unix)]
mod cache;
#[cfg(unix)]
mod check;
#[cfg(unix)]
mod completions;
#[cfg(unix)]
mod delete;
#[cfg(unix)]
mod existing;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(unix)]
mod fuzz;
mod help;
#[cfg(unix)]
mod image;
#[cfg(unix)]
mod interpreter;
#[cfg(unix)]
mod json;
#[cfg(target_os = "linux")]
mod killed;
#[cfg(unix)]
mod linking;
#[cfg(unix)]
mod list;
#[cfg(unix)]
mod mistakes;
#[cfg(unix)]
mod parity;
#[cfg(unix)]
mod pip;
#[cfg(unix)]
mod planted;
#[cfg_attr(windows, allow(dead_code, reason = "most of what uses it is for Unix"))]
mod pythons;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod refusals;
mod refuse;
#[cfg(unix)]
mod release;
#[cfg(unix)]
mod repair;
#[cfg(target_os = "linux")]
mod run;
#[cfg_attr(windows, allow(dead_code, reason = "most of what uses it is for Unix"))]
mod sandbox;
#[cfg(unix)]
mod seed;
#[cfg(unix)]
mod shells;
#[cfg(unix)]
mod store;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod throwaway;
mod tidy;
#[cfg(target_os = "linux")]
mod together;
#[cfg(unix)]
mod typist;
#[cfg(unix)]
mod variables;
