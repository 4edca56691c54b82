# Activates this virtual environment in the nushell that reads it: `overlay use bin/activate.nu`, or `source`.
# `deactivate` undoes it. Written by rvenv.

# The environment, the name of its folder of programs, the name for the prompt: bare words here, strings in the end.
const rvenv = [@VIRTUAL_ENV@ @BIN@ @PROMPT@]

# Unsets variables. nushell hides the innermost value of each and then shows the one it was started with; nothing is
# no value to a program.
def --env rvenv-unset [...names: string] {
    for name in $names {
        hide-env --ignore-errors $name
        if $name in $env {
            load-env { $name: null }
        }
    }
}

# Leaves the virtual environment.
export def --env deactivate [mode: string = ""] {
    # PATH loses the one entry that was put in, and keeps whatever came in since.
    let name = if "Path" in $env { "Path" } else { "PATH" }
    if $env.VIRTUAL_ENV? != null and $name in $env {
        let added = $env.VIRTUAL_ENV | path join $rvenv.1
        let entries = $env | get $name | split row (char esep)
        let found = $entries | enumerate | where item == $added
        if ($found | length) > 0 {
            load-env { $name: ($entries | drop nth ($found | first | get index)) }
        }
    }
    if $env._OLD_VIRTUAL_PYTHONHOME? != null {
        $env.PYTHONHOME = $env._OLD_VIRTUAL_PYTHONHOME
    }
    if $env._OLD_VIRTUAL_PROMPT? == "none" {
        rvenv-unset PROMPT_COMMAND
    } else if $env._OLD_VIRTUAL_PROMPT? != null {
        $env.PROMPT_COMMAND = $env._OLD_VIRTUAL_PROMPT.0
    }
    rvenv-unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT _OLD_VIRTUAL_PYTHONHOME _OLD_VIRTUAL_PROMPT
}

export-env {
    deactivate

    $env.VIRTUAL_ENV = $rvenv.0
    # Only an overlay is told where its file is.
    let script = $env.CURRENT_FILE? | default ""
    if ($script | path basename) == "activate.nu" {
        let here = $script | path dirname | path dirname
        if $here != $rvenv.0 and ($here | path join pyvenv.cfg | path exists) {
            if not ($rvenv.0 | path exists) {
                print --stderr $"rvenv: this environment was moved from ($rvenv.0) to ($here); to mend it: rvenv --upgrade, with its path"
            }
            $env.VIRTUAL_ENV = $here
        }
    }
    $env.VIRTUAL_ENV_PROMPT = $rvenv.2

    let name = if "Path" in $env { "Path" } else { "PATH" }
    let added = $env.VIRTUAL_ENV | path join $rvenv.1
    let entries = if $name in $env { $env | get $name | split row (char esep) } else { [""] }
    load-env { $name: (if $entries == [""] { [$added] } else { $entries | prepend $added }) }

    if $env.PYTHONHOME? != null {
        $env._OLD_VIRTUAL_PYTHONHOME = $env.PYTHONHOME
        rvenv-unset PYTHONHOME
    }

    if ($env.VIRTUAL_ENV_DISABLE_PROMPT? | default "" | is-empty) {
        let old_prompt = $env.PROMPT_COMMAND?
        $env._OLD_VIRTUAL_PROMPT = if $old_prompt == null { "none" } else { [$old_prompt] }
        $env.PROMPT_COMMAND = {||
            let text = if ($old_prompt | describe) == "closure" { do $old_prompt } else { $old_prompt }
            "(" + $env.VIRTUAL_ENV_PROMPT + ") " + ($text | default "")
        }
    }

    let python = $added | path join (if $nu.os-info.name == "windows" { "python.exe" } else { "python" })
    if not ($python | path exists) {
        print --stderr $"rvenv: ($python) leads to no Python any more; to mend it: rvenv --upgrade, with its path"
    }
}
