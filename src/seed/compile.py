"""Compiles modules: on standard input, for each, a line `SIZE PATH` and its source; on standard output, for each, a line
`SIZE` and its code object as in a bytecode file. A module that does not compile has none, as with pip.

Tracebacks show a module's real place: importing sets it, whatever path was compiled in.
"""
import marshal
import sys

requests, answers = sys.stdin.buffer, sys.stdout.buffer
for line in iter(requests.readline, b""):
    size, path = line.decode("utf-8").rstrip("\n").split(" ", 1)
    source = requests.read(int(size))
    try:
        code = marshal.dumps(compile(source, path, "exec", dont_inherit=True))
    except Exception:
        code = b""
    answers.write(b"%d\n" % len(code) + code)
    answers.flush()
