"""What an environment depends on, asked of the interpreter itself: one line of JSON after a mark.

Runs on 3.6 and later, in isolated mode and without site, so that nothing of the user's takes part. It imports little,
as that is most of the time it takes: `json` and `importlib.util` would double it.
"""
import os
import site
import sys
import sysconfig
from _frozen_importlib_external import MAGIC_NUMBER

X_Y = "%d.%d" % sys.version_info[:2]
POSIX = os.name == "posix"


def json(value):
    """Return a value as JSON in ASCII; what is not decodable in a path becomes half a surrogate pair."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (json(key), json(value[key])) for key in value)
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(json, value))
    return '"%s"' % "".join(map(escaped, value)) if isinstance(value, str) else "%d" % value


def escaped(character):
    """Return a character as it is in a string of JSON."""
    code = ord(character)
    if code > 0xFFFF:
        return "\\u%04x\\u%04x" % (0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF))
    return character if 31 < code < 127 and character not in '"\\' else "\\u%04x" % code


def scheme_path(name):
    """Return a path of the `venv` scheme, relative to the environment."""
    root = os.sep + "env"
    names = ("base", "platbase", "installed_base", "installed_platbase")
    path = sysconfig.get_path(name, scheme="venv", vars=dict.fromkeys(names, root))
    return os.path.relpath(path, root)


def paths():
    """Return where this version's `venv` puts things, relative to the environment."""
    library = "pypy" if sys.implementation.name == "pypy" else "python"
    packages = ("lib/%s%s/site-packages" % (library, X_Y)) if POSIX else "Lib\\site-packages"
    found = {
        "scripts": "bin" if POSIX else "Scripts",
        "include": "include" if POSIX else "Include",
        "purelib": packages,
        "platlib": packages,
    }
    if sys.version_info >= (3, 11):
        found.update((name, scheme_path(name)) for name in ("scripts", "purelib", "platlib"))
    if (3, 11) <= sys.version_info < (3, 14):
        found["include"] = scheme_path("include")
    return found


def activation_scripts(stdlib):
    """Return the names of the activation scripts that this version's `venv` writes."""
    names = []
    for folder in ("common", os.name):
        try:
            names += os.listdir(os.path.join(stdlib, "venv", "scripts", folder))
        except OSError:
            pass
    return sorted(names)


def pre_release():
    """Return what stands behind the version of a pre-release, as in PEP 440; empty for a release."""
    level, serial = sys.version_info[3:5]
    letters = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(level)
    return "%s%d" % (letters, serial) if letters else ""


def libc():
    """Return `gnu`, `musl` or the like on Linux, None where that is not known."""
    system = (sysconfig.get_config_var("HOST_GNU_TYPE") or "").rpartition("-")[2]
    return system if sys.platform == "linux" and system else None


base_executable = getattr(sys, "_base_executable", sys.executable) or ""
stdlib = os.path.dirname(os.path.abspath(os.__file__))
facts = {
    "executable": sys.executable,
    "real_executable": os.path.realpath(sys.executable) if sys.executable else "",
    "base_executable": base_executable,
    "home": os.path.dirname(os.path.abspath(base_executable)),
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "pre_release": pre_release(),
    "implementation_version": list(sys.implementation.version[:3]),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debug": hasattr(sys, "gettotalrefcount"),
    "cache_tag": sys.implementation.cache_tag,
    "magic_number": "".join("%02x" % byte for byte in bytearray(MAGIC_NUMBER)),
    "posix": POSIX,
    "platform": sys.platform,
    "machine": os.uname().machine if POSIX else sysconfig.get_platform().rpartition("-")[2],
    "libc": libc(),
    "is_64bit": sys.maxsize > 2**32,
    "utf8_file_names": sys.getfilesystemencoding() == "utf-8",
    "paths": paths(),
    "activation_scripts": activation_scripts(stdlib),
    "stdlib": stdlib,
    "wheel_pkg_dir": sysconfig.get_config_var("WHEEL_PKG_DIR"),
    "site_packages": site.getsitepackages([sys.base_prefix]),
}
print("\n@RVENV@" + json(facts))
