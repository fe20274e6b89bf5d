# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash: what comes next behind haywire. Commands and columns are asked of the
# tool itself.

# Each command on a line.
_haywire_commands() {
    haywire --help 2>/dev/null |
        sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Each column of ps on a line.
_haywire_columns() {
    haywire ps --help 2>/dev/null |
        sed -n '/^JSON members and columns/,$s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# Machines of libvirt, where there is one.
_haywire_machines() {
    virsh -q ${uri:+-c "$uri"} list --all --name 2>/dev/null
}

# Lines into COMPREPLY: those that begin as the word does, with blanks kept.
_haywire_offer() {
    local line
    while IFS= read -r line; do
        [[ -n $line && $line == "$cur"* ]] &&
            COMPREPLY+=("$(printf %q "$line")")
    done
}

# The command that was typed already, and libvirt's URI.
_haywire_look_back() {
    local i
    command= uri=
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --connect) uri=${COMP_WORDS[++i]} ;;
        --ram | --qmp | --vm | --plugin | --sort | --from | --format | -o)
            ((i++))
            ;;
        -*) ;;
        *) command=${command:-${COMP_WORDS[i]}} ;;
        esac
    done
}

_haywire() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command uri
    COMPREPLY=()
    _haywire_look_back
    case $previous in
    --ram | --qmp | --plugin)
        compopt -o default
        return
        ;;
    --vm) _haywire_offer < <(_haywire_machines); return ;;
    -c | --connect)
        _haywire_offer <<<$'qemu:///system\nqemu:///session'
        return
        ;;
    --from) _haywire_offer <<<$'companion\nkernel\nauto'; return ;;
    --format) _haywire_offer <<<$'elf\nlime'; return ;;
    -o | --sort)
        if [[ $command == read ]]; then
            compopt -o default
        else
            _haywire_offer < <(_haywire_columns)
        fi
        return
        ;;
    esac
    case $command:$cur in
    attach:-*)
        _haywire_offer <<<$'--yes\n--detach\n--preload\n--plugin\n--connect\n--help'
        ;;
    check:-*) _haywire_offer <<<$'--all\n--json\n--fresh\n--help' ;;
    read:-*) _haywire_offer <<<$'--kernel\n--physical\n--raw\n-o\n--json\n--from\n--help' ;;
    vmcore:-*) _haywire_offer <<<$'--format\n--info\n--json\n--help' ;;
    core:* | vmcore:*) compopt -o default ;;
    ps:-*) _haywire_offer <<<$'-o\n--sort\n--forest\n--wait\n--json\n--fresh\n--help' ;;
    *:-*)
        _haywire_offer <<<$'--ram\n--qmp\n--vm\n--connect\n--json\n--fresh\n--help\n--version'
        ;;
    attach:*) _haywire_offer < <(_haywire_machines) ;;
    :*) _haywire_offer < <(_haywire_commands) ;;
    esac
}

complete -F _haywire haywire
