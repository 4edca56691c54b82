"""Runs a program on a terminal of its own, types Ctrl-C each time that it says `ready`, and prints what it drew and how it ended."""

import os
import pty
import sys
import time


def main():
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.argv[1], sys.argv[1:])
    drawn, typed = b"", 0
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        drawn += read
        while drawn.count(b"ready") > typed:
            typed += 1
            time.sleep(0.1)
            os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(drawn)
    if os.WIFSIGNALED(status):
        print("signal", os.WTERMSIG(status))
    else:
        print("code", os.WEXITSTATUS(status))


main()
