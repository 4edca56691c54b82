//! Linters and parsers over the templates as they stand, and over what is rendered from them for a nasty name where a
//! placeholder is no word of the language.

use std::path::Path;

use super::NASTY;
use super::driver::find;
use super::world::World;
use crate::sandbox::{Sandbox, missing};

pub(super) const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shell/templates");

/// Each template, and the commands that have to be content with it and have nothing to say.
const LINTERS: &[(&str, &[&str])] = &[
    ("activate", &["shellcheck"]),
    ("activate", &["bash", "-n"]),
    ("activate", &["zsh", "-n"]),
    ("activate", &["dash", "-n"]),
    ("activate", &["busybox", "sh", "-n"]),
    ("activate", &["ksh", "-n"]),
    ("activate", &["mksh", "-n"]),
    ("activate", &["yash", "-n"]),
    ("activate.fish", &["fish", "--no-execute"]),
    ("activate.csh", &["tcsh", "-n"]),
    (
        "activate.nu",
        &["nu", "--no-config-file", "-c", "nu-check --debug $env.FILE"],
    ),
    (
        "activate.xsh",
        &[
            "xonsh",
            "--no-rc",
            "-c",
            "tree = __xonsh__.execer.parse(open($FILE).read(), ctx=set())",
        ],
    ),
    (
        "activate_this.py",
        &[
            "python3",
            "-W",
            "error::SyntaxWarning",
            "-c",
            "import ast, sys; ast.parse(open(sys.argv[1]).read())",
        ],
    ),
];

#[test]
fn linters_have_nothing_to_say() {
    let sandbox = Sandbox::new();
    for (template, linter) in LINTERS {
        let Some(program) = find(linter[0]) else {
            missing(linter[0]);
            continue;
        };
        let file = Path::new(TEMPLATES).join(template);
        let mut command = sandbox.command(program);
        command.args(&linter[1..]).env("FILE", &file);
        if !linter.iter().any(|argument| argument.contains("FILE")) {
            command.arg(&file);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
            .trim()
            .to_owned();
        let content = output.status.success() && (said.is_empty() || said == "true");
        assert!(content, "{linter:?} on {template}: {said}");
    }
}

/// Python reads scripts on stdin, each ended by a zero byte, and fails if the grammar of PowerShell does not fit one.
const POWERSHELL_GRAMMAR: &str = "
import sys, tree_sitter, tree_sitter_powershell as powershell
parser = tree_sitter.Parser(tree_sitter.Language(powershell.language()))
nodes = [parser.parse(text).root_node for text in sys.stdin.buffer.read().split(b'\\0')[:-1]]
while nodes:
    node = nodes.pop()
    if node.type == 'ERROR' or node.is_missing:
        sys.exit(f'{node.start_point}: {node.type} {node.text}')
    nodes += node.children
";

/// A Python that has the grammar: `RVENV_TEST_GRAMMAR`, else `python3`.
fn grammar(sandbox: &Sandbox) -> Option<assert_cmd::Command> {
    let python = std::env::var_os("RVENV_TEST_GRAMMAR").unwrap_or_else(|| "python3".into());
    let mut probe = sandbox.command(&python);
    let found = probe
        .args(["-c", "import tree_sitter_powershell"])
        .output()
        .ok()?;
    let mut parser = sandbox.command(&python);
    parser.args(["-c", POWERSHELL_GRAMMAR]);
    found.status.success().then_some(parser)
}

#[test]
fn the_powershell_script_fits_the_grammar() {
    let world = World::new(NASTY);
    let Some(mut parser) = grammar(&world.sandbox) else {
        return missing("Python with tree_sitter_powershell (RVENV_TEST_GRAMMAR)");
    };
    let script = |root| [world.activate_script(root, "powershell"), vec![0]].concat();
    let text: Vec<_> = world.roots().iter().flat_map(|root| script(root)).collect();
    let output = parser.write_stdin(text).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
