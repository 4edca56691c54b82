@echo off
rem Leaves the virtual environment in the cmd that calls this. Written by rvenv.

if not defined VIRTUAL_ENV goto rvenv_rest
if not defined PATH goto rvenv_rest
set _RVENV_BIN=@BIN@
rem PATH loses the one entry that was put in, and keeps whatever came in since. Where the name of the environment would
rem mean something in a substitution, PATH becomes what it was.
for /f "tokens=2 delims=!=^%%" %%a in ("x%VIRTUAL_ENV%x") do goto rvenv_restore

setlocal EnableDelayedExpansion
set "_entry=!VIRTUAL_ENV!\!_RVENV_BIN!"
set "_path=x;!PATH!;"
call set "_path=%%_path:;!_entry!;=|%%"
for /f "tokens=1* delims=|" %%a in ("!_path!") do (endlocal & set "_RVENV_HEAD=%%a" & set "_RVENV_TAIL=%%b")
setlocal EnableDelayedExpansion
set "_entry=!VIRTUAL_ENV!\!_RVENV_BIN!"
rem Further entries of that name were there before.
if defined _RVENV_TAIL call set "_RVENV_TAIL=%%_RVENV_TAIL:|=;!_entry!;%%"
set "_path=!_RVENV_HEAD!;!_RVENV_TAIL!"
if "!_path:~-1!"==";" set "_path=!_path:~0,-1!"
if "!_path:~-1!"==";" set "_path=!_path:~0,-1!"
if "!_path!"=="x" (endlocal & set "PATH=" & goto rvenv_rest)
for /f "delims=" %%a in ("!_path:~2!") do (endlocal & set "PATH=%%a")
goto rvenv_rest

:rvenv_restore
if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"

:rvenv_rest
if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
for %%a in (VIRTUAL_ENV VIRTUAL_ENV_PROMPT _OLD_VIRTUAL_PATH _OLD_VIRTUAL_PROMPT _OLD_VIRTUAL_PYTHONHOME) do set "%%a="
for %%a in (_RVENV_BIN _RVENV_HEAD _RVENV_TAIL) do set "%%a="
