# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A private apt configuration, to fetch from another Debian suite without
# touching the machine's own. Source it after common.sh.

# debian_mirror: the address that this machine fetches Debian's main part of
# its own release from.
debian_mirror() {
    apt-get indextargets --format \
        '$(CODENAME)|$(ORIGIN)|$(COMPONENT)|$(SITE)' 'Created-By: Packages' |
        awk -F '|' -v codename="$(debian_codename)" '
        $1 == codename && $2 == "Debian" && $3 == "main" && $4 ~ /:/ {
            print $4
            exit
        }'
}

debian_codename() {
    . /etc/os-release && echo "${VERSION_CODENAME-}"
}

# debian_source_options: the bracket of a source line that names the keyring
# which the machine's own configuration names for the mirror, or else Debian's;
# empty when apt's own trust has to do.
debian_source_options() {
    keyring=$(apt-get indextargets --format \
        '$(CODENAME)|$(ORIGIN)|$(SIGNED_BY)' 'Created-By: Packages' |
        awk -F '|' -v codename="$(debian_codename)" '
        $1 == codename && $2 == "Debian" && $3 ~ /^\// { print $3; exit }')
    [ -n "$keyring" ] ||
        keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -e "$keyring" ]; then
        echo "[signed-by=$keyring] "
    fi
}

# apt_private_begin FOLDER TYPE:SUITE...: make FOLDER hold an apt configuration
# of its own, use it until apt_private_end, and read the package lists. TYPE is
# deb or deb-src. $apt_arch, if set, is an architecture other than this
# machine's, of which nothing counts as installed.
apt_private_begin() {
    apt_folder=$1
    shift
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "apt knows no mirror of this Debian release"
    options=$(debian_source_options)
    mkdir -p "$apt_folder/lists/partial" "$apt_folder/cache/archives/partial"
    for line in "$@"; do
        echo "${line%:*} $options$mirror ${line#*:} main"
    done >"$apt_folder/sources.list"
    cat >"$apt_folder/apt.conf" <<END
Dir::State::Lists "$apt_folder/lists";
Dir::Cache "$apt_folder/cache";
Dir::Etc::SourceList "$apt_folder/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Debug::NoLocking "true";
END
    if [ "$(id -u)" -eq 0 ]; then
        echo 'APT::Sandbox::User "root";' >>"$apt_folder/apt.conf"
    fi
    if [ -n "${apt_arch-}" ]; then
        : >"$apt_folder/status"
        cat >>"$apt_folder/apt.conf" <<END
APT::Architecture "$apt_arch";
APT::Architectures { "$apt_arch"; };
Dir::State::status "$apt_folder/status";
END
    fi
    export APT_CONFIG="$apt_folder/apt.conf"
    apt-get -q update >&2 ||
        die "cannot read Debian's package lists: is there a network?"
}

apt_private_end() {
    unset APT_CONFIG
}
