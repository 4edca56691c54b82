"""Runs a shell's line on a terminal of its own, types an answer once a question is there, prints what it drew, and ends as it did.

The answer and the line are this script's arguments; no answer is the end of the input.
"""

import os
import pty
import sys

QUESTION = b"[y/N] "
END = b"\x04"


def main(answer, line):
    child, terminal = pty.fork()
    if child == 0:
        os.execv("/bin/sh", ["sh", "-c", line])
    drawn, is_answered = b"", False
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        drawn += read
        if not is_answered and QUESTION in drawn:
            is_answered = True
            os.write(terminal, answer.encode() or END)
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(drawn)
    sys.stdout.flush()
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main(*sys.argv[1:])
