# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What test-abi and make-facts share. The caller sets here and scratch.
CC=${CC:-cc}
internals=$here/../../qemu-plugin/qemu_internals.h

# list NAME: the members of the list HAYWIRE_QEMU_NAME, a line each; a pair is
# "a, b".
list() {
    awk -v start="#define HAYWIRE_QEMU_$1(X)" '
        index($0, start) == 1 { inside = 1; sub(/.*\(X\)/, "") }
        inside && match($0, /X\([^)]*\)/) {
            print substr($0, RSTART + 2, RLENGTH - 3)
        }
        inside && !/\\$/ { exit }' "$internals"
}

# listed: functions and data that start-up looks for, or may do without.
listed() {
    list FUNCTIONS
    list DATA
    list EITHER | tr -d ' ' | tr , '\n'
    list DOORBELL
    list OPTIONAL
}

# with_headers BUILD-FOLDER WORD...: the compiler, with QEMU's headers.
with_headers() {
    source=$1/../source
    build=$1
    shift
    # shellcheck disable=SC2046 # one word a flag
    $CC -std=gnu11 -D_GNU_SOURCE -iquote "$scratch" -iquote "$build" \
        -iquote "$source" -iquote "$source/include" \
        -iquote "$source/host/include/x86_64" \
        -iquote "$source/host/include/generic" \
        -isystem "$source/linux-headers" \
        $(pkg-config --cflags glib-2.0 pixman-1) "$@"
}

# prototypes AUX-INFO: of listed functions, as the compiler wrote them, without
# what makes no difference to a call: whether what a pointer leads to is
# constant, the names of enumerations and of types of functions, and how much
# room there is for a section that is returned.
prototypes() {
    listed >"$scratch/listed"
    awk '
        NR == FNR { wanted[$1] = 1; next }
        {
            sub(/^.*\*\/ extern /, "")
            sub(/;.*$/, "")
            if (!match($0, /[A-Za-z0-9_]+ \(/)) next
            name = substr($0, RSTART, RLENGTH - 2)
            if (!(name in wanted)) next
            gsub(/const /, "")
            gsub(/MemoryRegionSectionRoom/, "MemoryRegionSection")
            gsub(/(Qmp|QMP)CommandOptions|QEMUClockType|RunState|QAPIEvent/,
                 "int")
            gsub(/flatview_cb/, "_Bool (*) (Int128, Int128, " \
                 "MemoryRegion *, hwaddr, void *)")
            gsub(/__int128/, "Int128")
            gsub(/\(\*\)/, "*")
            if (name == "qmp_register_command") {
                sub(/(unsigned int|unsigned|uint64_t)\)$/, "WORD)")
            }
            print "function " name " " $0
        }' "$scratch/listed" "$1" | sort -u
}
