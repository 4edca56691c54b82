# What run, counts and fleet share: the arguments, the scratch folder, a build of rvenv, and its peers with warm caches.
# shellcheck shell=bash disable=SC2034 # the scripts read the variables

shopt -s inherit_errexit
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
python=python3 dir=${TMPDIR:-/tmp} build='' rounds='' json=''

set_up() { # DEFAULT_ROUNDS ARGUMENT...
    rounds=$1
    read_arguments "${@:2}"
    [[ $build =~ ^(musl|gnu|)$ ]] || build=$(absolute "$build")
    plain_environment
    find_python
    open_scratch
    build_rvenv
    find_peers
    warm
}

read_arguments() {
    while (($#)); do
        case $1 in
            -h | --help) usage && exit ;;
            -p) python=${2:?$1 PYTHON} ;;
            -d) dir=${2:?$1 DIR} ;;
            -r) rounds=${2:?$1 ROUNDS} ;;
            --build) build=${2:?$1 musl, gnu or the path of a build} ;;
            --json) json=$(absolute "${2:?$1 DIR}") ;;
            *) usage >&2 && exit 2 ;;
        esac
        shift 2
    done
}

absolute() {
    [[ $1 == /* ]] || printf '%s/' "$PWD"
    printf '%s\n' "$1"
}

# The comment at the top of the script.
usage() {
    sed -n '1d; /^#/!q; s/^# \{0,1\}//p' "$0"
}

skip() {
    printf 'skipped: %s\n' "$1" >&2
}

stop() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

needs() {
    local program
    for program; do
        command -v "$program" >/dev/null || stop "\`$program\` is needed and not on PATH"
    done
}

plain_environment() {
    unset PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH RUST_BACKTRACE VIRTUAL_ENV CDPATH
    unset UV_LINK_MODE UV_NO_CACHE UV_OFFLINE UV_PYTHON UV_VENV_CLEAR UV_VENV_SEED
    unset "${!RVENV_@}" "${!VIRTUALENV_@}"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CONFIG=1 UV_PYTHON_DOWNLOADS=never
}

# The interpreter itself, and not a shim or an environment's link to it.
find_python() {
    local asked=$python own='import sys; print(getattr(sys, "_base_executable", None) or sys.executable)'
    python=$("$asked" -I -c "$own") || stop "\`$asked\` does not run"
    python_name=$("$python" -I -c 'import platform as p; print(p.python_implementation(), p.python_version())')
    python_minor=$("$python" -I -c 'import sys; print(sys.version_info[1])')
}

# With +T, ext4 gives each folder below `work` a block group of its own: without a journal it is slow to make files in
# a group in which many were deleted a short while ago.
open_scratch() {
    scratch=$(cd "$dir" && mktemp -d "$PWD/rvenv-bench.XXXXXX") || stop "no folder can be made in \`$dir\`"
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM
    mkdir "$scratch/"{work,old,json,cache}
    chattr +T "$scratch/work" 2>/dev/null || true
    export RVENV_CACHE_DIR=$scratch/cache/rvenv UV_CACHE_DIR=$scratch/cache/uv
    export VIRTUALENV_OVERRIDE_APP_DATA=$scratch/cache/virtualenv
    export RVENV_BENCH_OLD=$scratch/old
    cd "$scratch" || exit
}

build_rvenv() {
    case ${build:=$(has_musl && echo musl || echo gnu)} in
        musl) cargo_build --target "$(musl_target)" ;;
        gnu) cargo_build ;;
        *) rvenv=$build ;;
    esac
    cp "$rvenv" "$scratch/rvenv" || stop "there is no build of rvenv"
    rvenv=$scratch/rvenv
    has_delete=$("$rvenv" --help | grep -c '^  delete ' || true)
    linkage=$(ldd "$rvenv" 2>&1 | grep -q '=>' && echo dynamic || echo static)
}

has_musl() {
    [[ -d $(rustc --print target-libdir --target "$(musl_target)" 2>/dev/null) ]]
}

musl_target() {
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    printf '%s-musl\n' "${host%-*}"
}

cargo_build() {
    local executable='
import json, sys
for line in sys.stdin:
    path = json.loads(line).get("executable")
    if path: print(path)'
    rvenv=$(cargo build --release --locked --manifest-path "$root/Cargo.toml" \
        --message-format json-render-diagnostics "$@" | "$python" -c "$executable")
}

find_peers() {
    uv=$(find_peer uv) || skip "uv, which is not on PATH and cannot be installed"
    virtualenv=$(find_peer virtualenv) || skip "virtualenv, which is not on PATH and cannot be installed"
}

# A shim on PATH would be measured along with the program.
find_peer() {
    local path
    path=$(command -v "$1") || true
    if [[ $path != /* || $path == */shims/* ]]; then
        path=$scratch/peers/bin/$1
        install_peer "$1" >&2 || return
    fi
    "$path" --version >/dev/null && printf '%s\n' "$path"
}

install_peer() {
    [[ -x $scratch/peers/bin/pip ]] || "$python" -m venv "$scratch/peers" || return
    "$scratch/peers/bin/pip" install -q "$1"
}

# Fills the caches, and leaves a peer out that cannot make an environment of this Python.
warm() {
    local made=$scratch/warm
    "$rvenv" -p "$python" "$made/rvenv" || stop "rvenv cannot make an environment"
    "$python" -m venv "$made/venv" || stop "\`$python -m venv\` cannot make an environment"
    if [[ $uv ]] && ! quietly "$uv" venv --seed -p "$python" "$made/uv"; then
        skip "uv, which cannot make an environment with pip here" && uv=''
    fi
    if [[ $virtualenv ]] && ! quietly "$virtualenv" -p "$python" "$made/virtualenv"; then
        skip "virtualenv, which cannot make an environment here" && virtualenv=''
    fi
}

# Says what the command said only if it fails.
quietly() {
    "$@" >"$scratch/said" 2>&1 || { cat "$scratch/said" >&2 && return 1; }
}

site_packages() { # ENVIRONMENT
    "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

# What was measured, and on what, without the names of the machine and its folders.
describe() {
    local system
    system="$(getconf _NPROCESSORS_ONLN) cores, $(file_system), $(uname -s) $(uname -r | cut -d- -f1)"
    printf '%s (%s), %s%s; %s\n' "$("$rvenv" --version)" "$linkage" "$(peer_names)" "$python_name" "$system"
}

peer_names() {
    local peer
    for peer in "$uv" "$virtualenv"; do
        [[ ! $peer ]] || printf '%s, ' "$("$peer" --version | head -n 1 | cut -d' ' -f1,2)"
    done
}

file_system() {
    local type device
    read -r device type < <(df -PT "$scratch" | awk 'NR == 2 { print $1, $2 }')
    case $type:$(cat "/sys/fs/ext4/${device##*/}/journal_task" 2>/dev/null) in
        'ext4:<none>') echo "ext4 without a journal" ;;
        *) echo "$type" ;;
    esac
}
