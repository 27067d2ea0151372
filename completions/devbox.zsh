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
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
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
            'cp:Copy a file or a folder into a guest or out of it, running or not.'
            'shell:Open a shell in a guest, started or not.'
            'console:Connect to the console of a running guest.'
            'wait:Wait until a guest'\''s kernel panics, a dump of it is saved, or it has shut down.'
            'snapshot:Keep the state of a stopped guest, to return to it with `devbox rollback`.'
            'rollback:Return a stopped guest to a snapshot: its disk, kernels and arguments.'
            'ssh-config:Print what makes plain `ssh GUEST`, scp and editors work.'
            'install-kernel:Put a kernel into a stopped guest'\''s disk, without booting it.'
            'kernels:List a guest'\''s installed kernels, which one starts next, and where their symbols are.'
            'remove-kernel:Take a kernel and its packages out of a stopped guest'\''s disk.'
            'kdump-arm:Set a guest up to leave a dump when its kernel fails.'
            'kdump-disarm:Bring back what kdump-arm changed in a guest, and nothing else.'
            'kdump-status:Say whether a panic of a guest'\''s kernel would leave a dump.'
            'dumps:List the dumps of guests, having brought out new ones.'
            'dump:Take a dump of a guest'\''s memory from outside, whether it runs or hangs.'
            'image:Build, import, list, show, trust and remove base images.'
            'fetch:Fetch packages by date or version, verified, and install them where wanted.'
            'sources:Show the sources of packages, and whether each answers.'
            'packages:Show the fetched packages, and remove those that are not wanted any more.'
            'install:Install packages in a guest, started or not: a test suite, a patched library.'
            'deb:Look into Debian packages.'
            'doctor:Show what this host can do, what to install, and what killed devboxes left.'
            'completions:Print what makes a shell complete devbox'\''s commands and names.'
            'man:Print a page of the manual, or write all of them where man(1) finds them.'
            'templates:List the files that devbox writes into guests or hands to programs, or print one of them.'
            'help:Show subcommand help information.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        clone|list|show|remove|start|stop|flip|exec|cp|shell|console|wait|snapshot|rollback|ssh-config|install-kernel|kernels|remove-kernel|kdump-arm|kdump-disarm|kdump-status|dumps|dump|image|fetch|sources|packages|install|deb|doctor|completions|man|templates|help)
            "_devbox_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_devbox_clone() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
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
        '(--force -f)'{--force,-f}'[Stop a running guest at once, and remove it; one that is not there is no error.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_start() {
    local -i ret=1
    local -ar ___accel=('kvm' 'tcg')
    local -ar ___on_panic=('kdump' 'pause' 'dump' 'reboot' 'stop')
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
        '--on-panic[What to do when a virtual machine'\''s kernel panics\: kdump, pause, dump, reboot or stop.]:on-panic:{__devbox_complete "${___on_panic[@]}"}'
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
    local -ar ___in=('container' 'appliance')
    local -ar ___mode=('kvm' 'lxc')
    local -ar ___init=('own' 'none')
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
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion exec -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--mode[kvm starts a stopped guest for the command; lxc is a container.]:mode:{__devbox_complete "${___mode[@]}"}'
        '--init[none\: with --mode kvm, run the command without the guest'\''s own init.]:init:{__devbox_complete "${___init[@]}"}'
        '--timeout[How long the command may take.]:seconds:'
        '--detach[Let go on what the command leaves running, in a guest that runs.]'
        '--bisect[Statuses for `git bisect run`\: what the command ends with is good (0) or bad (1 to 127), devbox'\''s own failures are 125.]'
        '*:command:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_cp() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':source:_files'
        ':target:_files'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_shell() {
    local -i ret=1
    local -ar ___accel=('kvm' 'tcg')
    local -ar ___in=('container' 'appliance')
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
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion shell -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--mode[kvm starts a stopped guest for the shell; lxc is a container.]:mode:{__devbox_complete "${___mode[@]}"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_console() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion console -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--log[Print what the console has printed since the guest was last started, and leave.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_wait() {
    local -i ret=1
    local -ar ___for=('panic' 'dump' 'shutdown')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion wait -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--for[panic, dump or shutdown.]:for:{__devbox_complete "${___for[@]}"}'
        '--timeout[How long to wait. Default\: without a limit.]:seconds:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_snapshot() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion snapshot -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        ':name:'
        '--remove[Forget the snapshot of this name instead.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_rollback() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion rollback -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        ':name:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_ssh-config() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '*:guests:{__devbox_custom_complete ---completion ssh-config -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_install-kernel() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--timeout[How long the packages'\'' scripts may take.]:seconds:'
        '--download-dependencies[Fetch what the packages need and the guest does not have, and install it with them.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion install-kernel -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '*:files:_files -g '\''*.deb'\'''
        '*--debug[A debug package of the kernel\: its vmlinux goes to the debug store, which guests see at /work/debug.]:deb:_files -g '\''*.deb *.ddeb'\'''
        '--debug-modules[Take the modules'\'' symbols out of the debug package too.]'
        '--debug-in-guest[Install the debug package in the guest as well.]'
        '--cmdline[The guest'\''s further kernel arguments, in place of those it has.]:arguments:'
        '--keep-old[Remove older kernels but this many, the newest of them.]:number:'
        '--default[The kernel that starts next. Default\: the newest in the packages.]:version:'
        '--guest-initrd[Have the guest'\''s own tools make the initrd, as it is set up there. Slower; for disks that boot elsewhere too.]'
        '--restart[Stop the guest where it runs, and start it again with the new kernel.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_kernels() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion kernels -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_remove-kernel() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--timeout[How long the packages'\'' scripts may take.]:seconds:'
        '--download-dependencies[Fetch what the packages need and the guest does not have, and install it with them.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion remove-kernel -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        ':version:'
        '(--force -f)'{--force,-f}'[Remove it also where it is the only one.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_kdump-arm() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar ___panic_on=('oops' 'hung-task' 'softlockup' 'hardlockup' 'rcu-stall' 'nmi' 'warn' 'oom' 'io-nmi' 'all')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion kdump-arm -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--panic-on[Faults to panic on, and any sysctl as name=value, with commas between.]:list:{__devbox_complete "${___panic_on[@]}"}'
        '--crashkernel[Memory for the kernel that saves the dump, as `crashkernel=` takes it. Default\: by architecture and memory.]:size:'
        '--hung-task-timeout[After how long a task in D state counts as hung.]:seconds:'
        '--softlockup-threshold[After how long a processor that loops counts as locked up.]:seconds:'
        '--dump-level[Which pages a dump leaves out, as `makedumpfile -d` counts\: 31 for all but the kernel'\''s, 0 for none.]:level:'
        '--verify[Prove it\: crash a throw-away clone, and show the dump that it left. Takes two boots.]'
        '--verify-timeout[How long the clone may take to save its dump.]:seconds:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_kdump-disarm() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion kdump-disarm -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_kdump-status() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion kdump-status -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_dumps() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion dumps -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--remove-from-guest[Remove from the guest what was brought out, also what --keep has removed here since.]'
        '--keep[Remove all but so many newest dumps of each guest from the store.]:count:'
        '*--remove[Remove the guest'\''s dump of this name from the store. May be given several times.]:name:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_dump() {
    local -i ret=1
    local -ar ___format=('elf' 'kdump-zlib' 'kdump-lzo' 'kdump-snappy')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':guest:{__devbox_custom_complete ---completion dump -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--format[elf, sparse and read by every tool, or a compressed format that QEMU has\: kdump-zlib, which makedumpfile cannot read.]:format:{__devbox_complete "${___format[@]}"}'
        '--panic[Have the guest'\''s kernel panic first, so that its own kdump saves the memory.]'
        '--timeout[With --panic\: how long the guest may take to save it.]:seconds:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_image() {
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
            'build:Make a base image from the distribution'\''s packages.'
            'import:Take an existing disk: a distribution'\''s cloud image, say.'
            'list:List the images.'
            'show:Show everything that is known of an image.'
            'trust:Let the host'\''s kernel mount an image'\''s disk, and those of the guests on it.'
            'remove:Remove images that no guest stands on.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        build|import|list|show|trust|remove)
            "_devbox_image_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_devbox_image_build() {
    local -i ret=1
    local -ar ___arch=('amd64' 'i386' 'arm64' 'armhf' 'ppc64el')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':name:'
        '--suite[The release; without it the host'\''s.]:suite:'
        '--arch[The architecture\: amd64, i386, arm64, armhf, ppc64el. Without it the host'\''s.]:arch:{__devbox_complete "${___arch[@]}"}'
        '--size[The disk'\''s size; it takes up only what is in it.]:size:'
        '--include[Further packages, with commas between them.]:packages:'
        '--mirror[The archive to take the packages from, instead of the machine'\''s own sources.]:address:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_image_import() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':file:_files'
        '--name[The image'\''s name.]:name:'
        '--flatten[Make one disk of it and its backing file, which must lie beside it and which you trust.]'
        '--convert[Convert and unpack what is no raw and no qcow2 disk.]'
        '--trusted[Let the host'\''s kernel mount it, as of a disk whose maker you trust.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_image_list() {
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

_devbox_image_show() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':image:{__devbox_custom_complete ---completion image show -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_image_trust() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':image:{__devbox_custom_complete ---completion image trust -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--undo[Take it back, also of an image that was built.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_image_remove() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '*:images:{__devbox_custom_complete ---completion image remove -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_fetch() {
    local -i ret=1
    local -ar ___format=('deb' 'rpm' 'tar.xz')
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--arch[The architecture, by any of its names (amd64, x86_64, …). Without it the guest'\''s, else the host'\''s.]:arch:'
        '--date[The newest build not after a day in UTC\: latest, today, yesterday, 2026-11-03, "3 days ago".]:date:'
        '--exact[A build of that very day, and no older one.]'
        '--version[This version only.]:version:'
        '--format[This format only\: deb, rpm, tar.xz.]:format:{__devbox_complete "${___format[@]}"}'
        '--source[The source to take it from; one of devbox.yaml, or apt.]:source:'
        '--suite[The release, for sources that are divided by it. Without it the guest'\''s, else the host'\''s.]:suite:'
        '--kernel-version[Built for this kernel only.]:kernel-version:'
        '--timeout[How long the packages'\'' scripts may take.]:seconds:'
        '--download-dependencies[Fetch what the packages need and the guest does not have, and install it with them.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        '*:packages:'
        '--list[Show what there is, and fetch nothing.]'
        '--since[With --list\: no builds older than this day.]:day:'
        '--until[With --list\: no builds newer than this day.]:day:'
        '--with-debug[Fetch the matching debug package too\: PACKAGE-dbg or PACKAGE-dbgsym.]'
        '--allow-unlisted[Take a file too that the SHA256SUMS beside it does not name; its digest is recorded, and holds from then on.]'
        '--install[Install it in this guest, whose architecture, release and format count.]:guest:{__devbox_custom_complete ---completion fetch -- --install "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_sources() {
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

_devbox_packages() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--prune[Remove fetched packages.]'
        '--older-than[With --prune\: builds older than this day.]:day:'
        '--keep[With --prune\: all but so many newest builds of each package.]:count:'
        '--max-size[With --prune\: the oldest, until all together are no larger.]:size:'
        '--dry-run[With --prune\: only show what would go.]'
        '--forget[Remove this file and its record, as if it had never been fetched.]:path:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_install() {
    local -i ret=1
    local -ar ___in=('container' 'appliance')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--timeout[How long the packages'\'' scripts may take.]:seconds:'
        '--download-dependencies[Fetch what the packages need and the guest does not have, and install it with them.]'
        '--in[Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.]:sandbox:{__devbox_complete "${___in[@]}"}'
        ':guest:{__devbox_custom_complete ---completion install -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
        '*:files:_files -g '\''*.deb'\'''
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_deb() {
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
            'show:Show what a package is, and which kernel is in it, without unpacking it.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        show)
            "_devbox_deb_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_devbox_deb_show() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '*:files:_files -g '\''*.deb *.ddeb'\'''
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_doctor() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '--fix[Clean away what killed devboxes left. What is in use is never touched.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_completions() {
    local -i ret=1
    local -ar _shell=('bash' 'zsh' 'fish')
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':shell:{__devbox_complete "${_shell[@]}"}'
        '--install[Write it where your shell looks for it, and say where that is.]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_man() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        '*:command:'
        '--to[Write all pages into this folder, made where it is missing.]:folder:_files -/'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_devbox_templates() {
    local -i ret=1
    local -ar arg_specs=(
        '--work[The work directory.]:work:_files -/'
        '--json[Report as JSON on standard output.]'
        '(--verbose -v)'{--verbose,-v}'[Print each external command as a line that can be pasted into a shell.]'
        '(--quiet -q)'{--quiet,-q}'[Print no messages but errors and warnings.]'
        ':name:{__devbox_custom_complete ---completion templates -- positional@0 "${current_word_index}" "$(__devbox_cursor_index_in_current_word)"}'
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
