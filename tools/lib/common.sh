# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts in tools/ share. Source it after `set -eu`.

program=${0##*/}

# Exit statuses, the same in every script.
EXIT_FAILED=1
EXIT_USAGE=2

say() {
    printf '%s: %s\n' "$program" "$*" >&2
}

die() {
    say "$*"
    exit "$EXIT_FAILED"
}

die_usage() {
    say "$*"
    say "try '$program --help'"
    exit "$EXIT_USAGE"
}

# need_value OPTION COUNT: complain when OPTION is the last of COUNT words.
need_value() {
    [ "$2" -ge 2 ] || die_usage "option $1 needs a value"
}

# haywire_cache: the folder for everything fetched; made when absent.
haywire_cache() {
    cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/haywire
    mkdir -p "$cache" || die "cannot make the cache folder $cache"
    printf '%s\n' "$cache"
}

# as_root COMMAND...: run a command as root, through sudo when need be.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "must be root for '$*', and there is no sudo"
    fi
}

# apt_user_options: options for an apt-get that downloads into folders of ours.
# As root apt would drop to a user who cannot write there.
apt_user_options() {
    if [ "$(id -u)" -eq 0 ]; then
        echo "-o APT::Sandbox::User=root"
    fi
}

# private_folder NAME KIB: a new private folder, in memory when KIB fit there.
private_folder() {
    for parent in /dev/shm "${TMPDIR:-/tmp}"; do
        free_kib=$(df -Pk "$parent" 2>/dev/null | awk 'NR == 2 { print $4 }')
        if [ -w "$parent" ] && [ "${free_kib:-0}" -gt "$2" ]; then
            mktemp -d "$parent/$1.XXXXXX"
            return
        fi
    done
    die "no room for $2 KiB in /dev/shm or ${TMPDIR:-/tmp}"
}
