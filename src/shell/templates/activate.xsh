# Activates this virtual environment in the xonsh that reads it: `source bin/activate.xsh`. `deactivate` undoes it.
# The prompt shows it by itself: xonsh's {env_name} is VIRTUAL_ENV_PROMPT. Written by rvenv.


def _rvenv_deactivate(args=()):
    variables = ${...}
    root = variables.get("VIRTUAL_ENV")
    if root:
        # PATH loses the one entry that was put in, and keeps whatever came in since. xonsh expands what it reads there.
        added = type($PATH)([root + "/" @BIN@ ""])[0]
        if added in $PATH:
            $PATH.remove(added)
    if "_OLD_VIRTUAL_PYTHONHOME" in variables:
        $PYTHONHOME = $_OLD_VIRTUAL_PYTHONHOME
    for name in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "_OLD_VIRTUAL_PYTHONHOME"):
        variables.pop(name, None)
    if list(args) != ["nondestructive"]:
        aliases.pop("deactivate", None)


def _rvenv_activate(root, bin, prompt):
    import os
    import sys

    _rvenv_deactivate(["nondestructive"])
    $VIRTUAL_ENV = root
    $VIRTUAL_ENV_PROMPT = prompt
    $PATH.insert(0, root + "/" + bin)
    if "PYTHONHOME" in ${...}:
        $_OLD_VIRTUAL_PYTHONHOME = $PYTHONHOME
        del $PYTHONHOME
    aliases["deactivate"] = _rvenv_deactivate
    python = os.path.join(root, bin, "python.exe" if os.name == "nt" else "python")
    if not os.path.exists(python):
        print(f"rvenv: {python} leads to no Python any more; to mend it: rvenv --upgrade, with its path", file=sys.stderr)


# The empty strings make these operators of what is replaced by a string next to strings.
_rvenv_activate("" @VIRTUAL_ENV@ "", "" @BIN@ "", "" @PROMPT@ "")
del _rvenv_activate
