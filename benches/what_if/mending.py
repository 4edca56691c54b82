"""Environments that no longer fit: their Python has moved, they have moved, or they get another Python."""

import os
import pathlib
import re
import shutil

import labs
import tools


def base_of(lab, folder):
    """A Python that can be moved: the program, and links to all that it needs."""
    name = "python%s.%s" % tuple(tools.ask(lab.python, "platform.python_version()").split(".")[:2])
    real = pathlib.Path(tools.ask(lab.python, "sys.base_prefix"))
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(os.path.realpath(lab.python), str(folder / "bin" / name))
    for link in ("python3", "python"):
        (folder / "bin" / link).symlink_to(name)
    for link in ("lib", "lib64", "include"):
        if (real / link).exists():
            (folder / link).symlink_to(real / link)
    python = folder / "bin/python3"
    if tools.ask(python, "sys.base_prefix") != str(folder):
        raise tools.Failed("this Python cannot be moved")
    return python


def equipped(lab, words, env):
    """The environment that a command makes, with a package of which pip has made a launcher."""
    labs.made(words, env)
    labs.must([env / "bin/python", "-m", "pip", "install", "-q", "--no-index", lab.wheel], env.parent)
    return env


def ailments(env, minor_names=False):
    """What is wrong with it, in words."""
    version = tools.ask(env / "bin/python", "platform.python_version()")
    if not version:
        return ["does not start"]
    found = []
    if not tools.is_whole(env) or not starts_own_pip(env):
        found.append("`pip` broken")
    if not runs(env / "bin/python", "-c", "import belongings.m0"):
        found.append("packages gone")
    elif not runs(env / "bin/belongings"):
        found.append("launchers broken")
    if tools.recorded_version(env) != re.match(r"[\d.]+\d", version).group():
        found.append("wrong version in `pyvenv.cfg`")
    if minor_names:
        found += ["`{}` is another version".format(name) for name in tools.names_that_lie(env)]
    return found


def starts_own_pip(env):
    try:
        code, said = tools.run([env / "bin/pip", "--version"])
    except OSError:
        return False
    return code == 0 and " from {}/".format(env) in said


def runs(*words):
    try:
        return tools.run(words)[0] == 0
    except OSError:
        return False


def verdict(code, found):
    says = "" if code else ", exit code 0"
    return ", ".join(found) + says if found else "works"


def base_moved(lab, tool):
    place = lab.place()
    python = base_of(lab, place / "base")
    env = place / "env"
    equipped(lab, tool.again(env, python), env)
    config = (env / "pyvenv.cfg").read_text()
    (env / "pyvenv.cfg").write_text(re.sub(r"(?m)^(version.*= *\d+\.\d+)\.\d+", r"\1.99", config))
    (place / "base").rename(place / "moved")
    code, _ = tools.run(tool.mend(env, place / "moved/bin/python3"), place)
    return verdict(code, ailments(env))


def environment_moved(lab, tool):
    place = lab.place()
    env = equipped(lab, tool.create(place / "env"), place / "env")
    moved = place / "moved"
    env.rename(moved)
    code, _ = tools.run(tool.mend(moved), place)
    found = ailments(moved)
    activated = 'set -e; . "$0/bin/activate"; test "$VIRTUAL_ENV" = "$0"'
    if not runs("sh", "-c", activated, moved):
        found.append("activation wrong")
    return verdict(code, found)


def another_minor(lab, tool):
    if not lab.other:
        return labs.NO_ANSWER
    env = lab.place() / "env"
    equipped(lab, tool.again(env, lab.other), env)
    code, _ = tools.run(tool.again(env), env.parent)
    found = ailments(env, minor_names=True)
    return "refused" if code and not found else verdict(code, found)


def find_another_minor(lab, all_tools):
    """A Python of another minor version, with which all tools can make an environment here."""
    own = tools.ask(lab.python, "sys.version_info[1]")
    beside = pathlib.Path(tools.ask(lab.python, "sys.base_prefix")).parent.glob("*/bin/python3")
    named = (shutil.which("python3.{}".format(minor)) for minor in range(30, 7, -1))
    found = [python for python in named if python] + sorted(map(str, beside), reverse=True) + ["/usr/bin/python3"]
    for python in found:
        minor = tools.ask(python, "sys.version_info[1]") if os.path.exists(python) else ""
        if minor and minor != own and (int(minor) < 12) == (int(own) < 12):
            places = [(tool, lab.place() / "env") for tool in all_tools]
            if all(runs(*tool.again(env, python)) and tools.is_whole(env) for tool, env in places):
                return python
    return None
