# Activates this virtual environment in the fish that reads it: `source bin/activate.fish`. `deactivate` undoes it.
# Written by rvenv.

# Nothing called a script that is run.
if string match -q '*activate.fish' -- (status filename)
    and not status stack-trace | string match -qr .
    echo 'rvenv: this script must be sourced, not run:  source '(status filename) >&2
    exit 33
end

function deactivate -d 'Leave the virtual environment'
    # PATH loses the one entry that was put in, and keeps whatever came in since.
    if set -q VIRTUAL_ENV
        if set -l index (contains -i -- "$VIRTUAL_ENV"/@BIN@ $PATH)
            set -e PATH[$index]
        end
    else if set -q _OLD_VIRTUAL_PATH
        set -gx PATH $_OLD_VIRTUAL_PATH
    end

    if set -q _OLD_VIRTUAL_PYTHONHOME
        set -gx PYTHONHOME "$_OLD_VIRTUAL_PYTHONHOME"
    end

    # A fish inside another may have inherited the mark and not the function.
    if set -q _OLD_FISH_PROMPT_OVERRIDE
        and functions -q _old_fish_prompt
        functions -e fish_prompt
        functions -c _old_fish_prompt fish_prompt
        functions -e _old_fish_prompt
    end

    for name in VIRTUAL_ENV VIRTUAL_ENV_PROMPT _OLD_VIRTUAL_PATH _OLD_VIRTUAL_PYTHONHOME _OLD_FISH_PROMPT_OVERRIDE
        set -q $name
        and set -e $name
    end
    if test "$argv[1]" != nondestructive
        functions -e deactivate
    end
end

# Prints where the environment is. `$argv` is where this script is, which is `-` or nothing where it has no file.
function _rvenv_place
    set -l root @VIRTUAL_ENV@
    # Cygwin, MSYS and Git Bash want /c/env, WSL wants /mnt/c/env.
    if string match -qr '^([A-Za-z]:[\\\\/]|\\\\\\\\)' -- $root
        if type -q cygpath
            set root (cygpath -u $root)
        else if type -q wslpath
            set root (wslpath -u $root)
        end
    end
    set -l here (string replace -r '(^|/)activate\.fish$' '$1..' -- $argv)
    if test "$here" != "$argv" -a -f "$here/pyvenv.cfg"
        set here (builtin realpath -- $here)
        if not test -d "$root"
            or test "$here" != (builtin realpath -- $root)
            echo "rvenv: this environment was moved from $root to $here; to mend it: rvenv --upgrade, with its path" >&2
            set root $here
        end
    end
    string join \n -- $root
end

function _rvenv_activate
    deactivate nondestructive

    set -gx VIRTUAL_ENV (_rvenv_place $argv)
    set -gx VIRTUAL_ENV_PROMPT @PROMPT@
    set -g _OLD_VIRTUAL_PATH $PATH
    set -gx PATH "$VIRTUAL_ENV"/@BIN@ $PATH
    if set -q PYTHONHOME
        set -g _OLD_VIRTUAL_PYTHONHOME $PYTHONHOME
        set -e PYTHONHOME
    end

    if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"
        and functions -q fish_prompt
        functions -e _old_fish_prompt
        functions -c fish_prompt _old_fish_prompt
        # The old prompt goes first, so that it still sees $status and $pipestatus.
        function fish_prompt
            set -l old_prompt (_old_fish_prompt | string collect -N)
            set_color 4B8BBE
            printf '(%s)' "$VIRTUAL_ENV_PROMPT"
            set_color normal
            printf ' %s' "$old_prompt"
        end
        set -g _OLD_FISH_PROMPT_OVERRIDE "$VIRTUAL_ENV"
    end

    if not test -e "$VIRTUAL_ENV"/@BIN@/python
        echo "rvenv: $VIRTUAL_ENV/"@BIN@"/python leads to no Python any more; to mend it: rvenv --upgrade, with its path" >&2
    end
    functions -e _rvenv_place _rvenv_activate
end

_rvenv_activate (status filename)
