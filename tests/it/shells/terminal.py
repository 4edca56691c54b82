"""Types lines into a program on a terminal of its own, each when the prompt `READY> ` is there, and prints what it drew.

The lines come on stdin; the program and its arguments are this script's.
"""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

PROMPT = b"READY> "
PATIENCE = 20


def read_prompt(terminal):
    """Reads until the prompt is there after the end of the line that was typed, or nothing more comes.

    While a line is typed, fish draws the prompt before it again.
    """
    drawn = b""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (b"\n" in drawn and plain(drawn).endswith(PROMPT)):
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                drawn += os.read(terminal, 65536)
            except OSError:
                break
    return plain(drawn)


def plain(drawn):
    """Without colours and movements."""
    return re.sub(rb"\x1b(\[[0-9;?<>=]*[A-Za-z]|[()][A-Z0-9]|\][^\x07]*\x07|[=>])|\x0f", b"", drawn)


def main():
    lines = sys.stdin.buffer.read().splitlines()
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.argv[1], sys.argv[1:])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 500, 0, 0))
    time.sleep(0.3)
    for line in lines:
        os.write(terminal, line + b"\n")
        sys.stdout.buffer.write(read_prompt(terminal))
    os.close(terminal)
    os.waitpid(child, 0)


main()
