"""Compiles modules, given one path a line on standard input, relative to the folder that is the only argument.

Prints the path of each bytecode file that it wrote. A module that does not compile is left without, as by pip.
Tracebacks show a module's real place: importing sets it, whatever place was compiled in.
"""
import os
import py_compile
import sys

MODE = {}
if sys.version_info >= (3, 7):
    # SOURCE_DATE_EPOCH would choose another one, and what is made here is shared.
    MODE["invalidation_mode"] = py_compile.PycInvalidationMode.TIMESTAMP

root = sys.argv[1]
for path in sys.stdin.buffer.read().decode("utf-8").splitlines():
    try:
        written = py_compile.compile(os.path.join(root, path), dfile=path, doraise=True, **MODE)
    except py_compile.PyCompileError:
        continue
    sys.stdout.buffer.write((os.path.relpath(written, root) + "\n").encode("utf-8"))
