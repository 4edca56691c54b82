#!/bin/sh
# Says what a program sees that a shell starts.
printf '%s: VIRTUAL_ENV=%s VIRTUAL_ENV_PROMPT=%s PYTHONHOME=%s PATH=%s\n' "$1" \
    "${VIRTUAL_ENV-(unset)}" "${VIRTUAL_ENV_PROMPT-(unset)}" "${PYTHONHOME-(unset)}" "${PATH-(unset)}"
