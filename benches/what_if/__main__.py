"""The experiments of benches/what-if: each of them with each tool, as lines of a Markdown table.

usage: what_if SCRATCH TRIALS PROGRAM=PATH...
"""

import os
import signal
import statistics
import sys

import belongings
import interruptions
import labs
import mending
import tools

EXPERIMENTS = [
    (
        [
            "killed (SIGKILL) while it makes an environment: half of one is there",
            "… and is not whole when the command has run again",
            "… or something is left beside it then",
        ],
        lambda lab, tool: interruptions.interrupted_creation(lab, tool, signal.SIGKILL),
    ),
    (
        [
            "stopped by Ctrl-C: half an environment is there",
            "… and is not whole when the command has run again",
            "… or something is left beside it then",
        ],
        lambda lab, tool: interruptions.interrupted_creation(lab, tool, signal.SIGINT),
    ),
    (
        [
            "killed during `--clear`: neither the old nor the new environment is whole",
            "… or something is left beside it when the command has run again",
        ],
        interruptions.interrupted_clear,
    ),
    (["the disk is full: half an environment is there"], interruptions.full_disk),
    (["the disk is full during `--clear`: neither is whole"], interruptions.full_disk_clear),
    (
        ["8 processes make the same environment at once: one fails", "… and the environment is not whole in the end"],
        lambda lab, tool: interruptions.at_once(lab, tool, tool.again, False),
    ),
    (
        ["8 processes do so with `--clear`: one fails", "… and the environment is not whole in the end"],
        lambda lab, tool: interruptions.at_once(lab, tool, tool.clear, True),
    ),
    (["`--clear ''` in a project: files lost"], lambda lab, tool: belongings.cleared_here(lab, tool, "")),
    (["`--clear .` in a project: files lost"], lambda lab, tool: belongings.cleared_here(lab, tool, ".")),
    (["`--clear` of a symlink to a project: files lost"], belongings.cleared_link),
    (["`--clear` of a folder of photos: files lost"], belongings.cleared_folder),
    (["a `.gitignore` is in the folder already"], belongings.own_gitignore),
    (["symlinks are there already: the files that they lead to are written to"], belongings.planted),
    (["its Python has moved, and it is mended"], mending.base_moved),
    (["the environment has moved, and is mended"], mending.environment_moved),
    (["another minor version of Python is put on top"], mending.another_minor),
]


def column(experiment, lab, tool, length):
    try:
        cells = experiment(lab, tool)
    except tools.Failed as failed:
        labs.say("skipped for {}: {}".format(tool.name, " ".join(map(str, failed.args))))
        return [labs.NO_ANSWER] * length
    return [cells] if isinstance(cells, str) else cells


def table(lab, all_tools):
    """The cells of its lines."""
    for texts, experiment in EXPERIMENTS:
        labs.say(texts[0])
        yield from zip(texts, *(column(experiment, lab, tool, len(texts)) for tool in all_tools))
    by_rm = interruptions.interrupted_delete(lab, ["rm", "-rf"])
    by_rvenv = interruptions.interrupted_delete(lab, [lab.rvenv, "delete"])
    for text, cell in (
        ("`delete` of a project: files lost", belongings.deleted_folder(lab)),
        ("`delete` of a project that is an environment, too: files lost", belongings.deleted_project(lab)),
        ("killed during `delete`: half an environment is there (`rm -rf`: {})".format(by_rm), by_rvenv),
    ):
        yield [text, cell] + [labs.NO_ANSWER] * (len(all_tools) - 1)


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    scratch, trials = sys.argv[1:3]
    os.chdir(scratch)
    lab = labs.Lab(scratch, int(trials), dict(word.split("=", 1) for word in sys.argv[3:]))
    os.environ["VIRTUALENV_NO_PERIODIC_UPDATE"] = "1"
    here = (tools.Tool(name, lab.programs) for name in tools.COMMANDS)
    all_tools = [tool for tool in here if tool.is_here()]
    for tool in all_tools:
        tool.seconds = statistics.median(tools.duration(tool.create(lab.place() / "env")) for _ in range(3))
    lab.can_mount = labs.can_mount(lab)
    if not lab.can_mount:
        labs.say("skipped: full disks, for want of the right to mount")
    lab.other = mending.find_another_minor(lab, all_tools)
    if not lab.other:
        labs.say("skipped: another minor version, of which there is no Python here")
    print("| what if … |", " | ".join(tool.name for tool in all_tools), "|")
    print("|---|" + "--:|" * len(all_tools))
    for cells in table(lab, all_tools):
        print("|", " | ".join(cells), "|", flush=True)


main()
