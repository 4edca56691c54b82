"""Runs a program on a terminal of its own, types each time that it is asked, prints what it drew, and ends as it did.

The arguments are what it asks with, what to type (nothing is the end of the input), the program and its arguments.
"""

import os
import pty
import signal
import sys
import time

END = b"\x04"


def main(question, answer, *program):
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program[0], program)
    drawn, typed = b"", 0
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        drawn += read
        while drawn.count(question.encode()) > typed:
            typed += 1
            time.sleep(0.1)
            os.write(terminal, answer.encode() or END)
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(drawn)
    sys.stdout.flush()
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


main(*sys.argv[1:])
