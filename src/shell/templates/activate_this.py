"""Activates this virtual environment in the Python that runs this file. Written by rvenv.

    import runpy
    runpy.run_path("/path/to/env/bin/activate_this.py")

Modules of the environment are then imported first, and programs that are started find it. Modules which are already
imported stay what they are.
"""


def activate(root, bin, prompt):
    import os
    import site
    import sys
    import sysconfig

    # `exec` of the text alone gives no file, or that of the program.
    file = os.path.abspath(globals().get("__file__", "-"))
    here = os.path.dirname(os.path.dirname(file))
    if os.path.basename(file) == "activate_this.py" and os.path.isfile(os.path.join(here, "pyvenv.cfg")):
        if not os.path.exists(root):
            message = "rvenv: this environment was moved from {0} to {1}; to mend it: rvenv --upgrade, with its path\n"
            sys.stderr.write(message.format(root, here))
        root = here

    os.environ["VIRTUAL_ENV"] = root
    os.environ["VIRTUAL_ENV_PROMPT"] = prompt
    path = os.environ.get("PATH")
    programs = os.path.join(root, bin)
    os.environ["PATH"] = programs + os.pathsep + path if path else programs

    # The scheme of environments has a name since Python 3.11; a distribution's default may be another one.
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "nt" if os.name == "nt" else "posix_prefix"
    base = {"base": root, "platbase": root, "installed_base": root, "installed_platbase": root}
    before = set(sys.path)
    for name in ("purelib", "platlib"):
        site.addsitedir(sysconfig.get_path(name, scheme, vars=base))
    added = [entry for entry in sys.path if entry not in before]
    sys.path[:] = added + [entry for entry in sys.path if entry in before]

    sys.real_prefix = sys.prefix
    sys.prefix = root


# The empty strings make these operators of what is replaced by a string next to strings.
activate("" @VIRTUAL_ENV@ "", "" @BIN@ "", "" @PROMPT@ "")
