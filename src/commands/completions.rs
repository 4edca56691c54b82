//! `rvenv completions`: prints what completes command lines in a shell.

use crate::commands::{Context, activation, print};
use crate::error::Hinted;
use anyhow::Result;
use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::{Generator, Shell};
use clap_complete_nushell::Nushell;

#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Args {
    /// The shell that will read them; else the one that this is run from
    #[arg(value_parser = PossibleValuesParser::new(shell_names()))]
    shell: Option<String>,
}

/// A shell that command lines can be completed in.
struct Completing {
    /// The usual name first.
    names: &'static [&'static str],
    /// What to type, once.
    usage: &'static str,
    generate: fn(&mut Command) -> Vec<u8>,
}

const SHELLS: &[Completing] = &[
    Completing {
        names: &["bash"],
        usage: "rvenv completions bash > ~/.local/share/bash-completion/completions/rvenv",
        generate: |command| generate(Shell::Bash, command),
    },
    Completing {
        names: &["zsh"],
        usage: "rvenv completions zsh > DIR/_rvenv   # a directory of $fpath, which is read by compinit",
        generate: zsh,
    },
    Completing {
        names: &["fish"],
        usage: "rvenv completions fish > ~/.config/fish/completions/rvenv.fish",
        generate: fish,
    },
    Completing {
        names: &["powershell", "pwsh"],
        usage: "Add-Content $PROFILE '(& rvenv completions powershell) | Out-String | Invoke-Expression'",
        generate: |command| generate(Shell::PowerShell, command),
    },
    Completing {
        names: &["elvish"],
        usage: "rvenv completions elvish >> ~/.config/elvish/rc.elv",
        generate: |command| generate(Shell::Elvish, command),
    },
    Completing {
        names: &["nushell", "nu"],
        usage: "rvenv completions nushell | save -f ($nu.user-autoload-dirs.0 | path join rvenv.nu)",
        generate: |command| generate(Nushell, command),
    },
];

fn shell_names() -> impl Iterator<Item = &'static str> {
    SHELLS.iter().flat_map(|shell| shell.names.iter().copied())
}

/// Returns where to put the script in each shell.
fn after_help() -> String {
    let usages = SHELLS.iter().map(|shell| format!("  {}\n", shell.usage));
    format!("What to type, once:\n{}", usages.collect::<String>())
}

fn generate(generator: impl Generator, command: &mut Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(generator, command, "rvenv", &mut script);
    script
}

/// Returns the names of a command's subcommands.
fn subcommands<'a>(command: &'a Command, separator: &str) -> String {
    let names: Vec<&'a str> = command.get_subcommands().map(Command::get_name).collect();
    names.join(separator)
}

/// Returns what completes either a subcommand or a directory; what is generated expects the directory first. Behind a
/// directory, all is as for `create`.
fn zsh(command: &mut Command) -> Vec<u8> {
    let options = command.get_arguments().filter(|arg| !arg.is_positional());
    let mut only_options = Command::new("rvenv")
        .version("0")
        .args(options.cloned())
        .subcommands(command.get_subcommands().cloned());
    let script = generate(Shell::Zsh, &mut only_options);
    let script = String::from_utf8_lossy(&script).into_owned();
    let names = subcommands(&only_options, "|");
    let meant = format!("case ${{${{(M)line[1]:#({names})}}:-create}} in");
    let script = script.replacen("case $line[1] in", &meant, 1);
    let either = "\":: :{_rvenv_commands; _files -/}\"";
    let script = script.replacen("\":: :_rvenv_commands\"", either, 1);
    script.into_bytes()
}

/// Returns what completes options behind a directory, which what is generated takes for a subcommand, and a value that is
/// not begun.
fn fish(command: &mut Command) -> Vec<u8> {
    let script = generate(Shell::Fish, command);
    let names = subcommands(command, " ");
    let own = format!(
        "
function __fish_rvenv_needs_command
    set -l words (commandline -opc)
    for word in $words[2..]
        if contains -- $word {names}
            echo $word
            return 1
        end
    end
    return 0
end
"
    );
    [script, own.into_bytes()].concat()
}

impl Args {
    pub(crate) fn run(&self, context: &Context) -> Result<()> {
        let detected = || activation::shell().map(|detected| detected.name);
        let name = self.shell.as_deref().or_else(detected);
        let mut shells = SHELLS.iter();
        let shell = name.and_then(|name| shells.find(|shell| shell.names.contains(&name)));
        let Some(shell) = shell else {
            let known: Vec<_> = SHELLS.iter().map(|shell| shell.names[0]).collect();
            return Err(Hinted::error(
                match name {
                    Some(name) => format!("there are no completions for {name}"),
                    None => "it is not clear which shell this is run from".to_owned(),
                },
                format!(
                    "name one, as in `rvenv completions bash`: {}",
                    known.join(", ")
                ),
            ));
        };
        print(&(shell.generate)(&mut (context.command)()))
    }
}
