//! `World`: environments in a sandbox, a shell started with exactly these variables, and the model that every shell is
//! held to: what it has to say about them after each step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::driver::{Driver, Step};
use crate::pythons::pythons;
use crate::sandbox::Sandbox;

pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) environments: Vec<Environment>,
    /// The variables that a shell starts with, and nothing else.
    variables: BTreeMap<String, String>,
}

/// A name of each shell, and the script that activates in it.
const SCRIPTS: &[(&str, &str)] = &[
    ("bash", "activate"),
    ("fish", "activate.fish"),
    ("tcsh", "activate.csh"),
    ("powershell", "Activate.ps1"),
    ("nu", "activate.nu"),
    ("xonsh", "activate.xsh"),
    ("python", "activate_this.py"),
];

pub(super) struct Environment {
    pub(super) root: PathBuf,
    pub(super) prompt: String,
}

impl World {
    /// With an environment of each name, in a folder of its own, that has the name for its prompt as well.
    pub(super) fn new(names: &[&str]) -> Self {
        let world = Self::made_by(with_rvenv, names);
        for environment in &world.environments {
            world.add_scripts(&environment.root);
        }
        world
    }

    /// The same, with environments of another tool.
    pub(super) fn made_by(make: fn(&Sandbox, &Path, &str), names: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        for (name, text) in [
            ("show.sh", include_str!("show.sh")),
            ("system/whose", &whose("system")),
        ] {
            executable(&sandbox.write(name, text));
        }
        let system = sandbox.path("system").display().to_string();
        let home = sandbox.home().display().to_string();
        let variables = [
            ("PATH", format!("{system}:/usr/bin:/bin")),
            ("LANG", "C.UTF-8".to_owned()),
            ("HOME", home),
        ];
        let mut world = Self {
            sandbox,
            environments: Vec::new(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        };
        for (at, name) in names.iter().enumerate() {
            let root = world.sandbox.path(format!("{at}")).join(name);
            make(&world.sandbox, &root, name);
            let whose = whose(&at.to_string());
            executable(&world.sandbox.write(root.join("bin/whose"), whose));
            let prompt = (*name).to_owned();
            world.environments.push(Environment { root, prompt });
        }
        world
    }

    /// Adds what is evaluated for each shell, and the scripts that `python -m venv` does not write.
    fn add_scripts(&self, root: &Path) {
        for (shell, script) in SCRIPTS {
            let text = self.activate_script(root, shell);
            std::fs::write(root.join(format!("evaluate.{script}")), &text).unwrap();
            let path = root.join("bin").join(script);
            if !path.exists() {
                std::fs::write(path, text).unwrap();
            }
        }
    }

    /// What `rvenv activate-script` prints.
    pub(super) fn activate_script(&self, root: &Path, shell: &str) -> Vec<u8> {
        let mut command = self.sandbox.rvenv(["activate-script", "--shell", shell]);
        command
            .arg(root)
            .assert()
            .success()
            .get_output()
            .stdout
            .clone()
    }

    /// Has the newest Python's own `-m venv` write the scripts of an environment.
    pub(super) fn replace_scripts_by_venvs(&mut self, at: usize) {
        let newest = pythons()
            .iter()
            .max_by_key(|python| python.version)
            .unwrap();
        let root = &self.environments[at].root;
        let mut venv = self.sandbox.command(&newest.path);
        venv.args(["-m", "venv", "--without-pip"])
            .arg(root)
            .assert()
            .success();
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    pub(super) fn roots(&self) -> Vec<PathBuf> {
        self.environments
            .iter()
            .map(|environment| environment.root.clone())
            .collect()
    }

    /// Has a shell read `text`, with `$SHOW` and `$E0`, `$E1`... in its environment.
    pub(super) fn run(&self, driver: &Driver, program: &Path, text: &str) -> Output {
        let script = self.sandbox.write("steps", text);
        let mut command = self.sandbox.command(program);
        command.args(&driver.command[1..]).arg(script);
        self.finish(&mut command)
    }

    /// Runs a command with the variables of this world.
    pub(super) fn finish(&self, command: &mut assert_cmd::Command) -> Output {
        command
            .env_clear()
            .env("SHOW", self.sandbox.path("show.sh"))
            .envs(&self.variables);
        for (at, environment) in self.environments.iter().enumerate() {
            command.env(format!("E{at}"), &environment.root);
        }
        command.output().unwrap()
    }

    /// What a shell says that is told `steps`. It has to succeed, and to be silent on stderr.
    #[track_caller]
    pub(super) fn said(&self, driver: &Driver, program: &Path, steps: &[Step]) -> Vec<String> {
        let output = self.run(driver, program, &driver.script(&self.roots(), steps));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {}\n{errors}",
            driver.name,
            output.status
        );
        assert_eq!(errors, "", "stderr of {}", driver.name);
        lines(&output.stdout)
    }

    /// What every shell should say.
    pub(super) fn expected(&self, steps: &[Step]) -> Vec<String> {
        let mut model = Model {
            path: split(self.variables.get("PATH").map_or("", String::as_str)),
            home: self.variables.get("PYTHONHOME").cloned(),
            active: self.active_outside(),
            ..Model::default()
        };
        steps
            .iter()
            .filter_map(|&step| model.take(step, &self.environments))
            .collect()
    }
}

impl World {
    /// The environment that is active in the program which starts the shell.
    fn active_outside(&self) -> Option<usize> {
        let root = self.variables.get("VIRTUAL_ENV")?;
        self.environments
            .iter()
            .position(|environment| environment.root.to_str() == Some(root))
    }
}

impl Environment {
    pub(super) fn bin(&self) -> String {
        self.root.join("bin").display().to_string()
    }
}

/// What a shell should hold.
#[derive(Default)]
struct Model {
    active: Option<usize>,
    path: Vec<String>,
    home: Option<String>,
    saved_home: Option<String>,
}

impl Model {
    /// Takes one step and returns what is printed.
    fn take(&mut self, step: Step, environments: &[Environment]) -> Option<String> {
        match step {
            Step::Activate(at) | Step::Evaluate(at) => {
                self.leave(environments);
                self.active = Some(at);
                self.path.insert(0, environments[at].bin());
                self.saved_home = self.home.take();
            }
            Step::Deactivate | Step::Nondestructive => self.leave(environments),
            Step::Set("PATH", value) => self.path = split(value),
            Step::Set(_, value) => self.home = Some(value.to_owned()),
            Step::Unset(_) => self.home = None,
            Step::Front(folder) => self.path.insert(0, folder.to_owned()),
            Step::Back(folder) => self.path.push(folder.to_owned()),
            Step::Whose => {
                return Some(self.active.map_or("system".to_owned(), |at| at.to_string()));
            }
            Step::Show(label) => return Some(self.show(label, environments)),
        }
        None
    }

    fn leave(&mut self, environments: &[Environment]) {
        if let Some(at) = self.active.take() {
            let bin = environments[at].bin();
            let index = self.path.iter().position(|entry| *entry == bin).unwrap();
            self.path.remove(index);
            self.home = self.saved_home.take();
        }
    }

    fn show(&self, label: &str, environments: &[Environment]) -> String {
        let active = self.active.map(|at| &environments[at]);
        let root = active.map_or("(unset)".to_owned(), |it| it.root.display().to_string());
        let prompt = active.map_or("(unset)", |it| &it.prompt);
        let home = self.home.as_deref().unwrap_or("(unset)");
        let path = self.path.join(":");
        format!(
            "{label}: VIRTUAL_ENV={root} VIRTUAL_ENV_PROMPT={prompt} PYTHONHOME={home} PATH={path}"
        )
    }
}

/// Makes an environment that shows `prompt`.
pub(super) fn with_rvenv(sandbox: &Sandbox, root: &Path, prompt: &str) {
    let mut create = sandbox.rvenv(["create", "--without-pip", "-q"]);
    create
        .arg(format!("--prompt={prompt}"))
        .arg("-p")
        .arg(&pythons()[0].path)
        .arg(root);
    create.assert().success();
}

/// The lines of an output; only LF ends one.
pub(super) fn lines(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.split_terminator('\n').map(str::to_owned).collect()
}

fn split(path: &str) -> Vec<String> {
    path.split(':')
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect()
}

fn whose(owner: &str) -> String {
    format!("#!/bin/sh\necho {owner}\n")
}

pub(super) fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
