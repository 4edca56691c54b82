"""Compares .pyc files below two directories, run by the interpreter that they are for.

Arguments: the two directories. Standard input: a JSON list of relative paths. Prints one line per difference.
A code object's co_filename is not compared: import sets it.
"""
import importlib.util
import json
import marshal
import os
import sys
import types

HEADER = 12 if sys.version_info < (3, 7) else 16
FIELDS = ("name qualname argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names varnames "
          "freevars cellvars firstlineno linetable exceptiontable").split()
FIELDS += [] if sys.version_info >= (3, 10) else ["lnotab"]


def difference(one, two, where):
    """The first place in which two constants are not the same, or None."""
    if type(one) is not type(two):
        return "%s: venv has %r, here is %s" % (where, one, type(two).__name__)
    if isinstance(one, types.CodeType):
        inside = "%s.%s" % (where, one.co_name)
        pairs = [(getattr(one, "co_" + field, None), getattr(two, "co_" + field, None), field) for field in FIELDS]
        found = (difference(left, right, inside + "." + field) for left, right, field in pairs)
    elif isinstance(one, tuple):
        if len(one) != len(two):
            return "%s: venv has %r, here is %r" % (where, one, two)
        found = (difference(left, right, where) for left, right in zip(one, two))
    elif isinstance(one, frozenset):
        return difference(*[tuple(sorted(map(repr, members))) for members in (one, two)], where=where)
    else:
        return None if repr(one) == repr(two) else "%s: venv has %r, here is %r" % (where, one, two)
    return next(filter(None, found), None)


def stale(path, header):
    """Why an import of the source would not take this file, or None."""
    source = os.stat(importlib.util.source_from_cache(path))
    fields = [int.from_bytes(header[start:start + 4], "little") for start in (HEADER - 8, HEADER - 4)]
    if header[:4] != importlib.util.MAGIC_NUMBER:
        return "magic number"
    if fields != [int(source.st_mtime) & 0xFFFFFFFF, source.st_size & 0xFFFFFFFF]:
        return "mtime and size %r, the source has %r" % (fields, [int(source.st_mtime), source.st_size])
    return None


def compare(first, second):
    (header, one), (other_header, two) = read(first), read(second)
    if header[4:HEADER - 8] != other_header[4:HEADER - 8]:
        return "flags: venv has %r, here is %r" % (header[4:HEADER - 8], other_header[4:HEADER - 8])
    return stale(second, other_header) or difference(marshal.loads(one), marshal.loads(two), "code")


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    return content[:HEADER], content[HEADER:]


for name in json.load(sys.stdin):
    found = compare(*[os.path.join(root, name) for root in sys.argv[1:]])
    if found:
        print("%s: %s" % (name, found[:300]))
