<#
.Synopsis
Activates this virtual environment in the PowerShell that runs it. `deactivate` undoes it. Written by rvenv.

.Parameter VenvDir
The environment to activate, if it is not the one that this script belongs to.

.Parameter Prompt
The name to put before the prompt, in parentheses.

.Notes
Where Windows refuses to run scripts: Set-ExecutionPolicy -ExecutionPolicy RemoteSigned -Scope CurrentUser
#>
[CmdletBinding()]
Param(
    [string] $VenvDir,
    [string] $Prompt
)

function global:deactivate ([switch] $NonDestructive) {
    # PATH loses the one entry that was put in, and keeps whatever came in since.
    if ($env:VIRTUAL_ENV) {
        $separator = [string] [System.IO.Path]::PathSeparator
        $added = [System.IO.Path]::Combine($env:VIRTUAL_ENV, @BIN@)
        $found = $false
        $kept = @(foreach ($entry in "$env:PATH" -split $separator) {
            if (-not $found -and $entry -ceq $added) { $found = $true } else { $entry }
        })
        $env:PATH = $kept -join $separator
    }
    elseif ($env:_OLD_VIRTUAL_PATH) {
        $env:PATH = $env:_OLD_VIRTUAL_PATH
    }

    if (Test-Path -LiteralPath Env:_OLD_VIRTUAL_PYTHONHOME) {
        $env:PYTHONHOME = $env:_OLD_VIRTUAL_PYTHONHOME
    }

    if (Test-Path -LiteralPath Function:_OLD_VIRTUAL_PROMPT) {
        Set-Item -Path Function:global:prompt -Value $function:_OLD_VIRTUAL_PROMPT
        Remove-Item -LiteralPath Function:_OLD_VIRTUAL_PROMPT
    }

    foreach ($name in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT', '_OLD_VIRTUAL_PATH', '_OLD_VIRTUAL_PYTHONHOME') {
        if (Test-Path -LiteralPath "Env:$name") {
            Remove-Item -LiteralPath "Env:$name"
        }
    }
    if (-not $NonDestructive) {
        Remove-Item -LiteralPath Function:deactivate
    }
}

# A block of its own: nothing but `deactivate` and the prompt is left behind when this is dot-sourced or evaluated.
& {
    param([string] $Root, [string] $Name, [string] $Script)

    if ($VenvDir) {
        $Root = (Resolve-Path -LiteralPath $VenvDir).ProviderPath
        $Name = Split-Path -Path $Root -Leaf
    }
    elseif ($Script -and (Split-Path -Path $Script -Leaf) -eq 'Activate.ps1') {
        $here = Split-Path -Path (Split-Path -Path $Script -Parent) -Parent
        if ($here -cne $Root -and (Test-Path -LiteralPath ([System.IO.Path]::Combine($here, 'pyvenv.cfg')))) {
            # Where the old place still is, the new one may be another name for it.
            if (-not (Test-Path -LiteralPath $Root)) {
                [Console]::Error.WriteLine(
                    "rvenv: this environment was moved from $Root to $here; to mend it: rvenv --upgrade, with its path")
            }
            $Root = $here
        }
    }
    if ($Prompt) {
        $Name = $Prompt
    }
    Write-Verbose "VIRTUAL_ENV = '$Root', prompt = '$Name'"

    deactivate -NonDestructive

    $env:VIRTUAL_ENV = $Root
    $env:VIRTUAL_ENV_PROMPT = $Name

    $bin = [System.IO.Path]::Combine($Root, @BIN@)
    if ($env:PATH) {
        $env:_OLD_VIRTUAL_PATH = $env:PATH
        $env:PATH = $bin + [System.IO.Path]::PathSeparator + $env:PATH
    }
    else {
        $env:PATH = $bin
    }

    # An empty PYTHONHOME is none to Python, and PowerShell could not set it again.
    if ($env:PYTHONHOME) {
        $env:_OLD_VIRTUAL_PYTHONHOME = $env:PYTHONHOME
        Remove-Item -LiteralPath Env:PYTHONHOME
    }

    if (-not $env:VIRTUAL_ENV_DISABLE_PROMPT -and (Test-Path -LiteralPath Function:prompt)) {
        Set-Item -Path Function:global:_OLD_VIRTUAL_PROMPT -Value $function:prompt
        function global:prompt {
            $succeeded = $?
            Write-Host "($env:VIRTUAL_ENV_PROMPT) " -NoNewline -ForegroundColor Green
            # The old prompt may want to show how the last command ended: `$?` can only be set by failing.
            if (-not $succeeded) { Write-Error '' -ErrorAction Ignore }
            _OLD_VIRTUAL_PROMPT
        }
    }

    $python = [System.IO.Path]::Combine($bin, $(if ($env:OS -eq 'Windows_NT') { 'python.exe' } else { 'python' }))
    try {
        # Test-Path calls a dangling link a file.
        [System.IO.File]::OpenRead($python).Dispose()
    }
    catch [System.IO.FileNotFoundException], [System.IO.DirectoryNotFoundException] {
        [Console]::Error.WriteLine("rvenv: $python leads to no Python any more; to mend it: rvenv --upgrade, with its path")
    }
    catch {
        Write-Verbose "$python cannot be read"
    }
} -Root @VIRTUAL_ENV@ -Name @PROMPT@ -Script $PSCommandPath
