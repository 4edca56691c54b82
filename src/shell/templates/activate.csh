# Activates this virtual environment in the csh or tcsh that reads it: `source bin/activate.csh`. `deactivate` undoes it.
# Written by rvenv. No statement goes over more than one line: `eval` is given them all on one, without these comments.
# csh looks up every variable of a line before it runs any of it. An inner `eval` makes it wait.

set _rvenv_run = '/bin/sh -c '\''printf "%s\n" "rvenv: this script must be sourced, not run: source $1" >&2'\'' sh "$0"; exit 33'
if ($?0) eval 'if ("$0" == activate.csh && -f ../pyvenv.cfg || "$0" =~ */activate.csh && -f "$0:h/../pyvenv.cfg") eval $_rvenv_run:q'

# PATH loses the one entry that was put in, and keeps whatever came in since. Cutting it is beyond csh.
alias _rvenv_cut '/bin/sh -c '\''e=$VIRTUAL_ENV/$1 p=:$PATH:; case $p in *":$e:"*) p=${p%%":$e:"*}:${p#*":$e:"}; p=${p#:}; p=${p%:};; *) p=$PATH;; esac; printf %s "$p"'\'' sh '@BIN@
set _rvenv_path = 'setenv PATH "`_rvenv_cut`"'
set _rvenv_home = 'setenv PYTHONHOME "$_OLD_VIRTUAL_PYTHONHOME"; unset _OLD_VIRTUAL_PYTHONHOME'
set _rvenv_prompt = 'set prompt = "$_OLD_VIRTUAL_PROMPT"; unset _OLD_VIRTUAL_PROMPT'
set _rvenv_pydoc = 'unalias pydoc; unset _OLD_VIRTUAL_PYDOC'
set _rvenv_end = 'unalias deactivate _rvenv_cut; unset _rvenv_path _rvenv_home _rvenv_prompt _rvenv_pydoc _rvenv_end'
alias deactivate 'if ($?VIRTUAL_ENV) eval $_rvenv_path:q; if ($?_OLD_VIRTUAL_PYTHONHOME) eval $_rvenv_home:q; if ($?_OLD_VIRTUAL_PROMPT) eval $_rvenv_prompt:q; if ($?_OLD_VIRTUAL_PYDOC) eval $_rvenv_pydoc:q; unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; unset _OLD_VIRTUAL_PATH; rehash; if ("\!:*" != nondestructive) eval $_rvenv_end:q'
eval 'deactivate nondestructive'

setenv VIRTUAL_ENV @VIRTUAL_ENV@
setenv VIRTUAL_ENV_PROMPT @PROMPT@
set _rvenv_bin = @BIN@

set _OLD_VIRTUAL_PATH = ""
if ($?PATH) eval 'set _OLD_VIRTUAL_PATH = "$PATH"'
setenv PATH "$VIRTUAL_ENV/$_rvenv_bin"
if ("$_OLD_VIRTUAL_PATH" != "") setenv PATH "$VIRTUAL_ENV/$_rvenv_bin"":$_OLD_VIRTUAL_PATH"

if ($?PYTHONHOME) eval 'set _OLD_VIRTUAL_PYTHONHOME = "$PYTHONHOME"; unsetenv PYTHONHOME'

# tcsh draws what `%$` names as it is; in the text of a prompt four characters would mean something.
set _rvenv_name = "($VIRTUAL_ENV_PROMPT) "
if ($?tcsh && "$VIRTUAL_ENV_PROMPT" =~ *[\!%^\\]*) set _rvenv_name = '(%$VIRTUAL_ENV_PROMPT) '
if ($?prompt) eval 'set _OLD_VIRTUAL_PROMPT = "$prompt"'
if ($?VIRTUAL_ENV_DISABLE_PROMPT) eval 'if ("$VIRTUAL_ENV_DISABLE_PROMPT" != "") unset _OLD_VIRTUAL_PROMPT'
if ($?_OLD_VIRTUAL_PROMPT) eval 'set prompt = "$_rvenv_name$_OLD_VIRTUAL_PROMPT"'

if ("`alias pydoc`" == "") eval 'set _OLD_VIRTUAL_PYDOC; alias pydoc python -m pydoc'

if (! -e "$VIRTUAL_ENV/$_rvenv_bin/python") /bin/sh -c 'printf "%s\n" "rvenv: $VIRTUAL_ENV/$1/python leads to no Python any more; to mend it: rvenv --upgrade, with its path" >&2' sh "$_rvenv_bin"

unset _rvenv_run _rvenv_bin _rvenv_name
rehash
