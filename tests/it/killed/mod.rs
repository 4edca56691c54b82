//! What is left of a run that is ended at any point: killed at each system call, or interrupted. The target is then absent,
//! or the old one, or the new one, and the next run sweeps what is left. Some calls of each command by default;
//! `RVENV_TEST_EVERY_CALL=1` tries them all.

mod bare;
pub(crate) mod calls;
mod running;
pub(crate) mod scene;
mod seeded;
pub(crate) mod signals;
pub(crate) mod whole;
