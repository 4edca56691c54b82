"""Where the experiments happen, how often, and what is there before."""

import itertools
import os
import pathlib
import subprocess
import sys
import zipfile

import tools

BELONGINGS = 20
NO_ANSWER = "—"


class Lab:
    """Where things happen, and how often."""

    def __init__(self, scratch, trials, programs):
        self.scratch = pathlib.Path(scratch)
        self.trials = trials
        self.programs = programs
        self.python = programs["python"]
        self.rvenv = programs["rvenv"]
        self.numbers = itertools.count()
        self.wheel = wheel_of_belongings(self.place())
        self.can_mount = False
        self.other = None

    def place(self):
        """A new empty folder."""
        place = self.scratch / "work" / str(next(self.numbers))
        place.mkdir()
        return place

    def times(self, usual, seconds):
        """Fewer of what takes long."""
        return usual if seconds < 1 else max(2, usual // 4)


def say(text):
    print(text, file=sys.stderr, flush=True)


def of(bad, all_of_them):
    return "{} of {}".format(bad, all_of_them) if all_of_them else NO_ANSWER


def modules():
    """Of a package of somebody's."""
    return {"belongings/m{}.py".format(number): "def main():\n    print('mine')\n" for number in range(BELONGINGS)}


def put_belongings(env):
    (packages,) = env.glob("lib/*/site-packages")
    (packages / "belongings").mkdir()
    for name, text in modules().items():
        (packages / name).write_text(text)


def wheel_of_belongings(folder):
    """The package as a wheel, which has a launcher, too."""
    metadata = {
        "METADATA": "Metadata-Version: 2.1\nName: belongings\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: what-if\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": "[console_scripts]\nbelongings = belongings.m0:main\n",
    }
    files = dict(modules(), **{"belongings-1.0.dist-info/" + name: text for name, text in metadata.items()})
    record = "belongings-1.0.dist-info/RECORD"
    files[record] = "".join("{},,\n".format(name) for name in list(files) + [record])
    wheel = folder / "belongings-1.0-py3-none-any.whl"
    with zipfile.ZipFile(str(wheel), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def belongings(env):
    return len(list(env.glob("lib/*/site-packages/belongings/*.py")))


def made(words, env):
    """The environment that a command makes."""
    must(words, env.parent)
    return env


def must(words, folder):
    code, said = tools.run(words, folder)
    if code:
        raise tools.Failed(words, said)


def copy(source, target):
    subprocess.check_call(["cp", "-pR", str(source), str(target)])


class Disk:
    """A file system of that many bytes, while it is entered."""

    def __init__(self, lab, size):
        self.folder = lab.place()
        self.size = size

    def __enter__(self):
        options = ["-t", "tmpfs", "-o", "size={}".format(self.size)]
        subprocess.check_call(["mount"] + options + ["none", str(self.folder)])
        return self.folder

    def __exit__(self, *_):
        subprocess.check_call(["umount", str(self.folder)])


def can_mount(lab):
    try:
        with Disk(lab, 1 << 20):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
