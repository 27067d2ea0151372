#compdef devbox

__devbox_complete() {
    local -ar non_empty_completions=("${@:#(|:*)}")
    local -ar empty_completions=("${(M)@:#(|:*)}")
    _describe -V '' non_empty_completions -- empty_completions -P $'\'\''
}

__devbox_custom_complete() {
    local -a completions
    completions=("${(@f)"$("${command_name}" "${@}" "${command_line[@]}")"}")
    if [[ "${#completions[@]}" -gt 1 ]]; then
        __devbox_complete "${completions[@]:0:-1}"
    fi
}

__devbox_cursor_index_in_current_word() {
    if [[ -z "${QIPREFIX}${IPREFIX}${PREFIX}" ]]; then
        printf 0
    else
        printf %s "${#${(z)LBUFFER}[-1]}"
    fi
}

_devbox() {
    emulate -RL zsh -G
    setopt extendedglob nullglob numericglobsort
    unsetopt aliases banghist

    local -xr SAP_SHELL=zsh
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(builtin emulate zsh -c 'printf %s "${ZSH_VERSION}"')"
    local -r SAP_SHELL_VERSION

    local context state state_descr line
    local -A opt_args

    local -r command_name="${words[1]}"
    local -ar command_line=("${words[@]}")
    local -ir current_word_index="$((CURRENT - 1))"

    local -i ret=1
    local -ar arg_specs=(
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'clone:Make a guest: a thin layer on an image, or on a stopped guest, with an identity of its own.'
            'list:List the guests.'
            'show:Show everything that is known of a guest.'
            'remove:Remove stopped guests with their disks.'
            'start:Start a guest, and return when it answers.'
            'stop:Shut guests down, and force those that do not end in time.'
            'flip:Run a guest in the other mode from now on: virtual machine or container, on the same disk.'
            'exec:Run a command in a guest, started or not.'
            'help:Show subcommand help information.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        clone|list|show|remove|start|stop|flip|exec|help)
            "_devbox_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_devbox_clone() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':source:{__devbox_custom_complete ---completion clone -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        ':name:'
        '--memory[Memory as a virtual machine, such as 512M or 4G.]:size:'
        '--cpus[Processors as a virtual machine.]:cpus:'
        '--hostname[The guest'\''s own name for itself; without it its name here.]:hostname:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_list() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_show() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion show -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_remove() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '*:guests:{__devbox_custom_complete ---completion remove -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '(--force -f)'{--force,-f}'[Stop a running guest at once, and remove it.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_start() {
    local -i ret=1
    local -ar ___accel=('kvm' 'tcg')
    local -ar ___mode=('kvm' 'lxc')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--kernel[Start this installed kernel, this once.]:version:'
        '*--append[A further argument for the kernel, this once; may be repeated.]:argument:'
        '--accel[How a virtual machine'\''s code is run\: kvm or tcg. Default\: kvm where it really works.]:accel:{__devbox_complete "${___accel[@]}"}'
        '--bridge[The host'\''s bridge for a container'\''s network. Default\: lxcbr0 where there is one.]:bridge:'
        '--start-timeout[How long the guest may take to answer.]:seconds:'
        ':guest:{__devbox_custom_complete ---completion start -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--mode[Start it in this mode, this once\: kvm or lxc. `devbox flip` changes the mode for good.]:mode:{__devbox_complete "${___mode[@]}"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_stop() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '*:guests:{__devbox_custom_complete ---completion stop -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--timeout[How long a guest may take to shut down before it is forced off.]:seconds:'
        '(--force -f)'{--force,-f}'[Force it off at once.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_flip() {
    local -i ret=1
    local -ar ___accel=('kvm' 'tcg')
    local -ar _mode=('kvm' 'lxc')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--kernel[Start this installed kernel, this once.]:version:'
        '*--append[A further argument for the kernel, this once; may be repeated.]:argument:'
        '--accel[How a virtual machine'\''s code is run\: kvm or tcg. Default\: kvm where it really works.]:accel:{__devbox_complete "${___accel[@]}"}'
        '--bridge[The host'\''s bridge for a container'\''s network. Default\: lxcbr0 where there is one.]:bridge:'
        '--start-timeout[How long the guest may take to answer.]:seconds:'
        ':guest:{__devbox_custom_complete ---completion flip -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        ':mode:{__devbox_complete "${_mode[@]}"}'
        '--timeout[How long a running guest may take to shut down before it is forced off.]:seconds:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_exec() {
    local -i ret=1
    local -ar ___accel=('kvm' 'tcg')
    local -ar ___mode=('kvm' 'lxc')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--kernel[Start this installed kernel, this once.]:version:'
        '*--append[A further argument for the kernel, this once; may be repeated.]:argument:'
        '--accel[How a virtual machine'\''s code is run\: kvm or tcg. Default\: kvm where it really works.]:accel:{__devbox_complete "${___accel[@]}"}'
        '--bridge[The host'\''s bridge for a container'\''s network. Default\: lxcbr0 where there is one.]:bridge:'
        '--start-timeout[How long the guest may take to answer.]:seconds:'
        ':guest:{__devbox_custom_complete ---completion exec -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--mode[kvm starts a stopped guest for the command; lxc is a container.]:mode:{__devbox_complete "${___mode[@]}"}'
        '--timeout[How long the command may take.]:seconds:'
        '--bisect[Statuses for `git bisect run`\: what the command ends with is good (0) or bad (1 to 127), devbox'\''s own failures are 125.]'
        '*:command:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_help() {
    local -i ret=1
    local -ar arg_specs=(
        '*:subcommands:'
        '--version[Show the version.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

if [[ "${funcstack[1]}" = _devbox ]]; then
    _devbox "${@}"
else
    compdef _devbox devbox
fi
