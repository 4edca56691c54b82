"""Environments that are made while something goes wrong: signals, full disks, and others who make them, too."""

import collections
import os
import shutil
import signal

import labs
import tools

PROCESSES, ROUNDS, SIZES, TRIES = 8, 5, 20, 8


def is_old_or_new(env, pip_of_old=True):
    """Whether all of the old one is there, or the new one and nothing of the old."""
    kept = labs.belongings(env)
    return (kept == labs.BELONGINGS and tools.is_whole(env, pip_of_old)) or (kept == 0 and tools.is_whole(env))


def hits(lab, duration, attempt):
    """How often it was interrupted, at moments spread over the duration, which is measured now and then."""
    times = lab.times(lab.trials, duration())
    count = 0
    for time in range(times):
        if time % 4 == 0:
            seconds = duration()
        count += is_hit(attempt, seconds * (time + 0.5) / times)
    return count


def is_hit(attempt, moment):
    """Tries it earlier where the tool was done before."""
    return any(attempt(moment * 0.8**miss) for miss in range(TRIES))


def is_half(env):
    return os.path.lexists(str(env)) and not tools.is_whole(env)


def interrupted_creation(lab, tool, number):
    count = collections.Counter()

    def attempt(moment):
        place = lab.place()
        env = place / "env"
        was_hit = tools.interrupt(tool.create(env), place, moment, number)
        if was_hit:
            count["half"] += is_half(env)
            tools.run(tool.again(env), place)
            count["broken"] += not tools.is_whole(env)
            count["stray"] += os.listdir(str(place)) != ["env"]
        shutil.rmtree(str(place))
        return was_hit

    times = hits(lab, lambda: tools.duration(tool.create(lab.place() / "env")), attempt)
    return labs.of(count["half"], times), labs.of(count["broken"], times), labs.of(count["stray"], times)


def interrupted_clear(lab, tool):
    place = lab.place()
    env, template = place / "env", lab.place() / "template"
    labs.put_belongings(labs.made(tool.create(env), env))
    labs.copy(env, template)
    count = collections.Counter()

    def clear(run, *how):
        shutil.rmtree(str(place))
        place.mkdir()
        labs.copy(template, env)
        return run(tool.clear(env), place, *how)

    def attempt(moment):
        was_hit = clear(tools.interrupt, moment, signal.SIGKILL)
        if was_hit:
            count["neither"] += not is_old_or_new(env)
            tools.run(tool.clear(env), place)
            count["stray"] += os.listdir(str(place)) != ["env"]
        return was_hit

    times = hits(lab, lambda: clear(tools.duration), attempt)
    return labs.of(count["neither"], times), labs.of(count["stray"], times)


def interrupted_delete(lab, words):
    """Of `rvenv delete`, or of `rm -rf`."""
    place = lab.place()
    env, template = place / "env", lab.place() / "template"
    labs.copy(labs.made([lab.rvenv, "-p", lab.python, env], env), template)
    half = 0

    def delete(run, *how):
        nonlocal half
        shutil.rmtree(str(place))
        place.mkdir()
        labs.copy(template, env)
        result = run(words + [env], place, *how)
        half += is_half(env)
        return result

    times = hits(lab, lambda: delete(tools.duration), lambda moment: delete(tools.interrupt, moment, signal.SIGKILL))
    return labs.of(half, times)


def room(lab, words):
    """What the environment of that command takes on such a disk."""
    with labs.Disk(lab, 1 << 30) as disk:
        tools.run(words(disk / "env"), disk)
        free = os.statvfs(str(disk))
        return (free.f_blocks - free.f_bfree) * free.f_frsize


def full_disk(lab, tool):
    if not lab.can_mount:
        return labs.NO_ANSWER
    size, half = room(lab, tool.create), 0
    sizes = lab.times(SIZES, tool.seconds)
    for step in range(sizes):
        with labs.Disk(lab, size * (step + 1) // (sizes + 1)) as disk:
            env = disk / "env"
            tools.run(tool.create(env), disk)
            half += is_half(env)
    return labs.of(half, sizes)


def full_disk_clear(lab, tool):
    """The old one has no pip, so that the new one does not fit, even where the old one was."""
    if not lab.can_mount:
        return labs.NO_ANSWER
    old = lambda env: [lab.python, "-m", "venv", "--without-pip", env]
    small, size, neither = room(lab, old) + (256 << 10), room(lab, tool.create), 0
    sizes = lab.times(SIZES, tool.seconds)
    for step in range(sizes):
        with labs.Disk(lab, small + (size - small) * step // sizes) as disk:
            env = labs.made(old(disk / "env"), disk / "env")
            labs.put_belongings(env)
            tools.run(tool.clear(env), disk)
            neither += not is_old_or_new(env, pip_of_old=False)
    return labs.of(neither, sizes)


def at_once(lab, tool, words, is_there):
    failed = broken = 0
    rounds = lab.times(ROUNDS, tool.seconds)
    for _ in range(rounds):
        place = lab.place()
        env = place / "env"
        if is_there:
            labs.made(tool.create(env), env)
        processes = [tools.start(words(env), place) for _ in range(PROCESSES)]
        for process in processes:
            process.communicate()
        failed += sum(process.returncode != 0 for process in processes)
        broken += not tools.is_whole(env)
    return labs.of(failed, rounds * PROCESSES), labs.of(broken, rounds)
