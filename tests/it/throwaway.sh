#!/bin/sh
# Builds a root of its own and runs in it, and nowhere else, what would wipe a machine if it were not refused.
# Runs as `throwaway.sh ROOT RVENV` in a mount namespace of its own, and as `throwaway.sh inside OUTER` in that root.
set -eu

build() {
    root=$1
    mount -t tmpfs -o size=256m,mode=755 tmpfs "$root"
    for dir in bin sbin lib lib32 lib64 usr; do
        if [ -L "/$dir" ]; then
            cp -P "/$dir" "$root/$dir"
        elif [ -d "/$dir" ]; then
            mkdir "$root/$dir"
            mount --bind "/$dir" "$root/$dir"
            mount -o remount,bind,ro "$root/$dir"
        fi
    done
    for dir in cache tmp dev; do
        mkdir "$root/$dir"
        mount -t tmpfs tmpfs "$root/$dir"
    done
    mknod -m 666 "$root/dev/null" c 1 3
    cp "$2" "$root/rvenv"
    cp "$0" "$root/throwaway.sh"
    echo "this root is thrown away" >"$root/throwaway"
}

furnish() {
    mkdir -p /etc /home/me/project/src /home/me/.ssh /srv/data
    echo key >/home/me/.ssh/id
    echo code >/home/me/project/src/main.py
    echo data >/srv/data/file
    echo "root:x:0:0::/root:/bin/sh" >/etc/passwd
    ln -s / /link-to-root
    ln -s /home/me /link-to-home
}

# Makes a directory look like an environment, so that nothing but what it is protects it.
disguise() {
    mkdir -p "$1/bin"
    echo "home = /usr/bin" >"$1/pyvenv.cfg"
    [ -e "$1/bin/python" ] || ln -s /usr/bin/python3 "$1/bin/python" 2>/dev/null || true
}

# Prints all that is in this root and on none of the other file systems in it; what is written to has another time then.
look() {
    find / -xdev ! -path /cache ! -path /tmp ! -path /dev -printf '%y %m %U %G %s %T@ %C@ %p %l\n'
}

digests() {
    find / -xdev -type f -exec sha256sum {} + | sort
}

refused() {
    code=0
    /rvenv "$@" >/tmp/stdout 2>/tmp/stderr || code=$?
    count=$((count + 1))
    look >/tmp/after
    if ! cmp -s /tmp/before /tmp/after; then
        echo "in $(pwd), HOME=${HOME-}: rvenv $* changed:"
        diff /tmp/before /tmp/after || true
        exit 9
    fi
    read -r line </tmp/stderr || line=
    case "$code $line" in
    "1 error: "* | "2 error: "*) ;;
    *)
        echo "in $(pwd), HOME=${HOME-}: rvenv $* is not refused: $code $(cat /tmp/stderr)"
        exit 9
        ;;
    esac
}

# Refused with and without --force, as a target of all that replaces or removes.
never() {
    refused --clear "$1"
    refused --clear --force "$1"
    refused delete "$1"
    refused delete --force "$1"
}

try_all() {
    look >/tmp/before
    digests >/tmp/digests
    for here in / /srv /home/me /home/me/project/src; do
        cd "$here"
        for target in / // /. /.. "$HOME/../.." /srv/../ '' ' ' '	' "$HOME" "$HOME/" "$HOME/." /home "$HOME/.." /srv/../home \
            /link-to-root /link-to-root/ /link-to-home /link-to-home/ /link-to-home/. /link-to-root/home/me; do
            never "$target"
        done
        for target in / '' ' ' "$HOME" "$HOME/" "$HOME/project/.." /link-to-home; do
            refused "$target"
            refused --upgrade "$target"
        done
    done
    cd /home/me/project/src
    for target in .. ../ ../.. ../../.. ../../../.. "$HOME/project" /home/me/project/.; do
        never "$target"
    done
    refused delete .
    refused delete --force .
    cd "$HOME"
    for target in . ./ .. ../ ../..; do
        never "$target"
    done
    cd /
    never .
    export VIRTUAL_ENV=/home/me/project
    refused delete /home/me/project
    unset VIRTUAL_ENV
    for HOME in /link-to-home /home/me/ /srv/../home/me /home/me/project/src; do
        never /home/me
    done
    HOME=/home/me
    digests | cmp - /tmp/digests
}

inside() {
    # Whatever is below is run in the root that is thrown away, or not at all.
    [ -f /throwaway ] && [ "$(stat -f -c %T /)" = tmpfs ] && [ "$(stat -c %d:%i /)" != "$1" ] || exit 8
    if touch /usr/throwaway 2>/dev/null; then exit 8; fi
    export HOME=/home/me PATH=/usr/bin:/bin RVENV_CACHE_DIR=/cache TMPDIR=/tmp
    count=0
    furnish
    try_all
    for dir in / /home /home/me /home/me/project; do
        [ -L "$dir/bin" ] || disguise "$dir"
        [ -f "$dir/pyvenv.cfg" ] || echo "home = /usr/bin" >"$dir/pyvenv.cfg"
    done
    try_all
    echo "$count refused"
}

case $1 in
inside) inside "$2" ;;
*)
    build "$1" "$2"
    exec chroot "$1" /bin/sh /throwaway.sh inside "$(stat -c %d:%i /)"
    ;;
esac
