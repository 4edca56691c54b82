//! A place that is put back to what it was before each run, and the judgement on what a run that was ended left there.

use super::calls::{Call, Permissions, Run, Set, spread, told};
use super::whole::{
    Picture, Pip, code_of_pip, difference, fault, fault_of_use, leftovers, picture,
};
use crate::sandbox::{Sandbox, note};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

/// What may be at the target of a run that was ended besides the old and the new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    /// Only one of the two.
    Never,
    /// A directory without pyvenv.cfg, since it has to stay.
    Unmarked,
    /// Entries of both that work together, in a directory that is changed where it is.
    Mixed,
}

/// A command, what it starts from, and what it comes to.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) run: Run,
    pub(crate) env: PathBuf,
    place: PathBuf,
    saved: PathBuf,
    before: Picture,
    after: Picture,
    kept: BTreeMap<PathBuf, Vec<u8>>,
    between: Between,
    pip: Pip,
    /// What was wrong with the old one.
    damage: Option<String>,
}

/// What became of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Absent,
    Unmarked,
    Old,
    New,
    Mixed,
}

impl Scene {
    /// `env` with all that is beside it is what `run` starts from each time; it is run once here.
    #[track_caller]
    pub(crate) fn new(sandbox: Sandbox, env: PathBuf, run: Run, pip: Pip) -> Self {
        let place = env.parent().unwrap().to_owned();
        let saved = sandbox.home().join("saved");
        copy(&place, &saved);
        let before = picture(&env);
        let damage = before
            .as_ref()
            .and_then(|_| fault_of_use(&sandbox, &env, pip));
        let output = run.process(&sandbox).output().unwrap();
        assert!(output.status.success(), "{:?}: {}", run.args, told(&output));
        let after = picture(&env);
        assert_eq!(
            [leftovers(&env), leftovers(&place)],
            [[], []] as [[PathBuf; 0]; 2]
        );
        if env.join("pyvenv.cfg").exists() {
            assert_eq!(fault(&sandbox, &env, pip), None);
        }
        Self {
            sandbox,
            run,
            env,
            place,
            saved,
            before,
            after,
            kept: BTreeMap::new(),
            between: Between::Never,
            pip,
            damage,
        }
    }

    /// The files of `names` are somebody's: they survive everything.
    #[track_caller]
    pub(crate) fn keeping(mut self, names: &[PathBuf]) -> Self {
        let read = |name: &PathBuf| (name.clone(), fs::read(self.env.join(name)).unwrap());
        self.kept = names.iter().map(read).collect();
        self
    }

    pub(crate) fn allowing(mut self, between: Between) -> Self {
        self.between = between;
        self
    }

    /// Puts everything back.
    pub(crate) fn reset(&self) {
        fs::set_permissions(&self.place, PermissionsExt::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(&self.place).unwrap() {
            let path = entry.unwrap().path();
            let is_directory = path.is_dir() && !path.is_symlink();
            let remove = if is_directory {
                fs::remove_dir_all
            } else {
                fs::remove_file
            };
            remove(path).unwrap();
        }
        copy(&self.saved, &self.place);
    }

    /// Returns what is at the target, or what is wrong with it.
    pub(crate) fn state(&self) -> Result<State, String> {
        let now = picture(&self.env);
        let state = if now == self.before {
            State::Old
        } else if now == self.after {
            State::New
        } else if now.is_none() {
            State::Absent
        } else if !self.env.join("pyvenv.cfg").exists() {
            State::Unmarked
        } else {
            State::Mixed
        };
        self.lost()?;
        let differs = || {
            let [old, new] = [&self.before, &self.after].map(|it| difference(&now, it));
            format!("than the old one it {old}\n    than the new one it {new}")
        };
        match (state, self.between) {
            (State::Mixed, Between::Mixed | Between::Unmarked) => {
                let fault = self.fault_of_mixture(&now);
                fault.map_or(Ok(state), |it| Err(format!("{it}\n    {}", differs())))
            }
            (State::Unmarked, Between::Unmarked) => Ok(state),
            (State::Mixed | State::Unmarked, _) => Err(format!("{state:?}: {}", differs())),
            _ => Ok(state),
        }
    }

    /// What is wrong with entries of both: the one can be used as well as the old one, and the code of pip is of one
    /// version. That RECORD says the same is for the next run: two directories cannot be exchanged at once.
    fn fault_of_mixture(&self, now: &Picture) -> Option<String> {
        let fault = fault_of_use(&self.sandbox, &self.env, self.pip);
        if fault.is_some() && fault != self.damage {
            return fault;
        }
        let [now, old, new] = [now, &self.before, &self.after].map(code_of_pip);
        (now != old && now != new).then(|| "the code of its pip is of two versions".to_owned())
    }

    /// Fails where a file of somebody's is not what it was.
    fn lost(&self) -> Result<(), String> {
        let is_there = |(name, content): &(&PathBuf, &Vec<u8>)| {
            fs::read(self.env.join(name)).is_ok_and(|now| now == **content)
        };
        let mut lost = self.kept.iter().filter(|it| !is_there(it));
        lost.next().map_or(Ok(()), |(name, _)| {
            Err(format!("`{}` is lost", name.display()))
        })
    }

    /// Fails unless the next run makes everything good.
    pub(crate) fn next_run(&self) -> Result<(), String> {
        let was_done = self.is_new() || !self.env.exists();
        let output = self.run.process(&self.sandbox).output().unwrap();
        let is_deletion = self.run.args[0] == "delete";
        let nothing_to_do = is_deletion && was_done;
        if !output.status.success() && !nothing_to_do {
            return Err(format!("the next run fails: {}", told(&output)));
        }
        let now = picture(&self.env);
        if now != self.after {
            let difference = difference(&now, &self.after);
            return Err(format!(
                "the next run makes another environment: {difference}"
            ));
        }
        self.lost()?;
        self.nothing_left()
    }

    pub(crate) fn nothing_left(&self) -> Result<(), String> {
        let left = [leftovers(&self.place), leftovers(&self.env)].concat();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("left over: {left:?}"))
        }
    }

    pub(crate) fn works(&self) -> bool {
        fault(&self.sandbox, &self.env, self.pip).is_none()
    }

    pub(crate) fn is_old(&self) -> bool {
        picture(&self.env) == self.before
    }

    pub(crate) fn is_new(&self) -> bool {
        picture(&self.env) == self.after
    }

    /// Returns some calls of the command, or all of them.
    #[track_caller]
    pub(crate) fn calls(&self, set: Set, others: usize) -> Vec<Call> {
        self.reset();
        spread(self.run.calls(&self.sandbox, set), others)
    }

    /// Starts anew, and runs the command with `what` at `call`.
    pub(crate) fn ended(&self, call: &Call, what: &str) -> Output {
        self.reset();
        self.run.with(&self.sandbox, call, what).output().unwrap()
    }

    /// Kills the command at each call of `set`, or at some of them.
    #[track_caller]
    pub(crate) fn survives_kills(&self, set: Set, others: usize) {
        let mut states = BTreeMap::new();
        let (mut broken, mut kills) = (Vec::new(), 0);
        let calls = self.calls(set, others);
        for call in &calls {
            let output = self.ended(call, "signal=KILL");
            if output.status.signal() == Some(9) {
                kills += 1;
                match self.state() {
                    Ok(state) => *states.entry(state).or_insert(0) += 1,
                    Err(fault) => broken.push(format!("{call}: {fault}")),
                }
                if let Err(fault) = self.next_run() {
                    broken.push(format!("after {call}: {fault}"));
                }
            }
        }
        note(&format!(
            "{:?}: {kills} kills of {}, {states:?}",
            self.run.args,
            calls.len()
        ));
        none_broken(&self.run, &broken);
        assert!(
            kills * 10 >= calls.len() * 9,
            "{kills} kills at {} calls",
            calls.len()
        );
    }
}

/// Fails with what is broken, the first of it.
#[track_caller]
pub(crate) fn none_broken(run: &Run, broken: &[String]) {
    const SHOWN: usize = 12;
    let shown = &broken[..broken.len().min(SHOWN)];
    let count = broken.len();
    assert!(
        count == 0,
        "{:?}: {count} are broken:\n  {}",
        run.args,
        shown.join("\n  ")
    );
}

/// Copies what is in `from` into `to`, with modes and links.
#[track_caller]
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut cp = std::process::Command::new("cp");
    let output = cp.arg("-a").arg(from.join(".")).arg(to).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A run that permissions count for.
pub(crate) fn with_permissions(mut run: Run) -> Run {
    run.permissions = Permissions::Count;
    run
}
