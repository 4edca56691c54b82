# Activates this virtual environment in the csh or tcsh that reads it: `source bin/activate.csh`. `deactivate` undoes it.
# Written by rvenv.

if ($?0) then
    if ("$0" == activate.csh && -f ../pyvenv.cfg || "$0" =~ */activate.csh && -f "$0:h/../pyvenv.cfg") then
        /bin/sh -c 'printf "%s\n" "rvenv: this script must be sourced, not run:  source $1" >&2' sh "$0"
        exit 33
    endif
endif

# PATH loses the one entry that was put in, and keeps whatever came in since. Cutting it is beyond csh.
alias _rvenv_path '/bin/sh -c '\''e=$VIRTUAL_ENV/$1 p=:$PATH:; case $p in *":$e:"*) p=${p%%":$e:"*}:${p#*":$e:"}; p=${p#:}; p=${p%:};; *) p=$PATH;; esac; printf %s "$p"'\'' sh '@BIN@
# csh looks up every variable of a line before it runs any of it. `eval` makes it wait.
set _rvenv_path = 'setenv PATH "`_rvenv_path`"'
set _rvenv_home = 'setenv PYTHONHOME "$_OLD_VIRTUAL_PYTHONHOME"; unset _OLD_VIRTUAL_PYTHONHOME'
set _rvenv_prompt = 'set prompt = "$_OLD_VIRTUAL_PROMPT"; unset _OLD_VIRTUAL_PROMPT'
set _rvenv_pydoc = 'unalias pydoc; unset _OLD_VIRTUAL_PYDOC'
set _rvenv_end = 'unalias deactivate _rvenv_path; unset _rvenv_path _rvenv_home _rvenv_prompt _rvenv_pydoc _rvenv_end'
alias deactivate 'if ($?VIRTUAL_ENV) eval $_rvenv_path:q; if ($?_OLD_VIRTUAL_PYTHONHOME) eval $_rvenv_home:q; if ($?_OLD_VIRTUAL_PROMPT) eval $_rvenv_prompt:q; if ($?_OLD_VIRTUAL_PYDOC) eval $_rvenv_pydoc:q; unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; unset _OLD_VIRTUAL_PATH; rehash; if ("\!:*" != nondestructive) eval $_rvenv_end:q'

deactivate nondestructive

setenv VIRTUAL_ENV @VIRTUAL_ENV@
setenv VIRTUAL_ENV_PROMPT @PROMPT@

if ($?PATH) then
    set _OLD_VIRTUAL_PATH = "$PATH"
else
    set _OLD_VIRTUAL_PATH = ""
endif
if ("$_OLD_VIRTUAL_PATH" == "") then
    setenv PATH "$VIRTUAL_ENV"/@BIN@
else
    setenv PATH "$VIRTUAL_ENV"/@BIN@":$_OLD_VIRTUAL_PATH"
endif

if ($?PYTHONHOME) then
    set _OLD_VIRTUAL_PYTHONHOME = "$PYTHONHOME"
    unsetenv PYTHONHOME
endif

set _rvenv_quiet = ""
if ($?VIRTUAL_ENV_DISABLE_PROMPT) eval 'set _rvenv_quiet = "$VIRTUAL_ENV_DISABLE_PROMPT"'
if ($?prompt && "$_rvenv_quiet" == "") then
    set _OLD_VIRTUAL_PROMPT = "$prompt"
    # tcsh draws what `%$` names as it is; in the text of a prompt these four would mean something.
    if ($?tcsh && "$VIRTUAL_ENV_PROMPT" =~ *[\!%^\\]*) then
        set prompt = '(%$VIRTUAL_ENV_PROMPT) '"$prompt"
    else
        set prompt = "($VIRTUAL_ENV_PROMPT) $prompt"
    endif
endif
unset _rvenv_quiet

if ("`alias pydoc`" == "") then
    set _OLD_VIRTUAL_PYDOC
    alias pydoc 'python -m pydoc'
endif

if (! -e "$VIRTUAL_ENV"/@BIN@/python) then
    /bin/sh -c 'printf "%s\n" "rvenv: $VIRTUAL_ENV/$1/python leads to no Python any more; to mend it: rvenv --upgrade $VIRTUAL_ENV" >&2' sh @BIN@
endif

rehash
