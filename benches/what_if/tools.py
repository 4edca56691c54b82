"""What benches/what-if asks of each tool: what to type, how to run and to interrupt it, and what it has made."""

import os
import pathlib
import re
import subprocess
import time

# What the tool is called, what makes an environment, and the words that make it do so again, anew, or mend it.
COMMANDS = {
    "rvenv": ("{rvenv} -p {python}", "", "--clear", "--upgrade"),
    "`python -m venv`": ("{python} -m venv", "", "--clear", "--upgrade"),
    "virtualenv": ("{virtualenv} -p {python}", "", "--clear", ""),
    "`uv venv --seed`": ("{uv} venv --seed --offline -p {python}", "--allow-existing", "--clear", "--allow-existing"),
}


class Tool:
    """One of them, and how long it takes."""

    def __init__(self, name, programs):
        self.name = name
        self.programs = programs
        self.prefix, self.again_words, self.clear_words, self.mend_words = COMMANDS[name]
        self.seconds = 0.0

    def is_here(self):
        return all(program in self.programs for program in re.findall(r"{(\w+)}", self.prefix))

    def words(self, more, env, python=None):
        programs = dict(self.programs, python=str(python or self.programs["python"]))
        return [word.format(**programs) for word in self.prefix.split() + more.split()] + [str(env)]

    def create(self, env):
        return self.words("", env)

    def again(self, env, python=None):
        return self.words(self.again_words, env, python)

    def clear(self, env):
        return self.words(self.clear_words, env)

    def mend(self, env, python=None):
        return self.words(self.mend_words, env, python)


class Failed(Exception):
    """What an experiment needs beforehand, and a tool could not do."""


def start(words, folder):
    """In a process group of its own, whose output has no end before all of it has ended."""
    return subprocess.Popen(
        [str(word) for word in words],
        cwd=str(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def run(words, folder="."):
    """The exit code, and what was said."""
    process = start(words, folder)
    said, _ = process.communicate()
    return process.returncode, said.decode(errors="replace")


def interrupt(words, folder, seconds, signal):
    """Sends the signal that long after the start. Whether it came before the end."""
    process = start(words, folder)
    time.sleep(seconds)
    try:
        os.killpg(process.pid, signal)
    except ProcessLookupError:
        pass
    process.communicate()
    return process.returncode != 0


def duration(words, folder="."):
    begin = time.monotonic()
    code, said = run(words, folder)
    if code:
        raise Failed(words, said)
    return time.monotonic() - begin


def is_whole(env, pip=True):
    """Whether it is an environment that works, with all of its pip."""
    env = pathlib.Path(env)
    if not has_text(env / "bin/activate"):
        return False
    return has_pip(env) if pip else prefix_of(env) == str(env)


def has_pip(env):
    """To start pip would take several times as long, and read fewer of its files."""
    pip = pathlib.Path(ask(env / "bin/python", "__import__('pip').__file__")).parent
    if env not in pip.parents or not has_text(env / "bin/pip"):
        return False
    records = list(pip.parent.glob("pip-*.dist-info/RECORD"))
    return len(records) == 1 and is_complete(records[0])


def is_complete(record):
    """Whether all of pip is as long as its RECORD says."""
    for line in record.read_text().splitlines():
        name, _, size = line.rsplit(",", 2)
        file = record.parent.parent / name
        if name.startswith("pip/") and size and not (file.is_file() and file.stat().st_size == int(size)):
            return False
    return True


def has_text(file):
    return file.is_file() and file.stat().st_size > 0


def prefix_of(env):
    return ask(env / "bin/python", "sys.prefix")


def ask(python, expression):
    """What a Python says, or nothing if it does not start."""
    try:
        code, said = run([python, "-I", "-c", "import platform, sys; print({})".format(expression)])
    except OSError:
        return ""
    return "" if code else said.strip()


def recorded_version(env):
    """That of pyvenv.cfg, whichever key it has there."""
    config = (env / "pyvenv.cfg").read_text()
    versions = re.findall(r"^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", config, re.MULTILINE)
    return versions[-1] if versions else ""


def names_that_lie(env):
    """`bin/python3.N` that is another minor version."""
    names = (name for name in env.glob("bin/python3.*") if re.match(r"python3\.\d+$", name.name))
    minor = "'python%d.%d' % sys.version_info[:2]"
    return [name.name for name in names if ask(name, minor) != name.name]
