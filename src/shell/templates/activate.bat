@echo off
rem Activates this virtual environment in the cmd that calls this. deactivate.bat undoes it. Written by rvenv.

rem `call` would read a percent sign of the path once more.
pushd "%~dp0"
if exist .\deactivate.bat call .\deactivate.bat
popd

rem This file is UTF-8.
for /f "tokens=2 delims=:." %%a in ('"%SystemRoot%\System32\chcp.com"') do set "_RVENV_CODEPAGE=%%a"
if defined _RVENV_CODEPAGE "%SystemRoot%\System32\chcp.com" 65001 > nul
set VIRTUAL_ENV=@VIRTUAL_ENV@
set VIRTUAL_ENV_PROMPT=@PROMPT@
set _RVENV_BIN=@BIN@
if defined _RVENV_CODEPAGE "%SystemRoot%\System32\chcp.com" %_RVENV_CODEPAGE% > nul
set "_RVENV_CODEPAGE="

if defined PATH set "_OLD_VIRTUAL_PATH=%PATH%"
if defined PYTHONHOME set "_OLD_VIRTUAL_PYTHONHOME=%PYTHONHOME%"
set "PYTHONHOME="
if not defined PROMPT set PROMPT=$P$G
if not defined VIRTUAL_ENV_DISABLE_PROMPT set "_OLD_VIRTUAL_PROMPT=%PROMPT%"

rem Delayed, no value is read as a command; `for` carries it over `endlocal`. `$` means something to PROMPT.
setlocal EnableDelayedExpansion
set "_path=!VIRTUAL_ENV!\!_RVENV_BIN!"
if defined PATH set "_path=!_path!;!PATH!"
for /f "delims=" %%a in ("!_path!") do (endlocal & set "PATH=%%a")
if defined VIRTUAL_ENV_DISABLE_PROMPT goto rvenv_check
setlocal EnableDelayedExpansion
set "_name="
if defined VIRTUAL_ENV_PROMPT set "_name=!VIRTUAL_ENV_PROMPT:$=$$!"
for /f "delims=" %%a in ("(!_name!) !PROMPT!") do (endlocal & set "PROMPT=%%a")

:rvenv_check
setlocal EnableDelayedExpansion
set "_python=!VIRTUAL_ENV!\!_RVENV_BIN!\python.exe"
if not exist "!_python!" echo rvenv: "!_python!" is gone; to mend it: rvenv --upgrade, with its path>&2
endlocal
set "_RVENV_BIN="
