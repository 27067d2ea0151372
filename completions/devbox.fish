function __devbox_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __devbox_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __devbox_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __devbox_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __devbox_parse_tokens -S
    set -l unparsed_tokens (__devbox_tokens -pc)
    switch $unparsed_tokens[1]
    case 'devbox'
        __devbox_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'clone'
            __devbox_parse_subcommand 2 'work=' 'json' 'v/verbose' 'q/quiet' 'memory=' 'cpus=' 'hostname=' 'version' 'h/help'
        case 'list'
            __devbox_parse_subcommand 0 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
        case 'show'
            __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
        case 'remove'
            __devbox_parse_subcommand -r 1 'work=' 'json' 'v/verbose' 'q/quiet' 'f/force' 'version' 'h/help'
        case 'start'
            __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'kernel=' 'append=+' 'accel=' 'bridge=' 'start-timeout=' 'mode=' 'version' 'h/help'
        case 'stop'
            __devbox_parse_subcommand -r 1 'work=' 'json' 'v/verbose' 'q/quiet' 'timeout=' 'f/force' 'version' 'h/help'
        case 'flip'
            __devbox_parse_subcommand 2 'work=' 'json' 'v/verbose' 'q/quiet' 'kernel=' 'append=+' 'accel=' 'bridge=' 'start-timeout=' 'timeout=' 'version' 'h/help'
        case 'exec'
            __devbox_parse_subcommand -r 2 'work=' 'json' 'v/verbose' 'q/quiet' 'kernel=' 'append=+' 'accel=' 'bridge=' 'start-timeout=' 'mode=' 'timeout=' 'bisect' 'version' 'h/help'
        case 'cp'
            __devbox_parse_subcommand 2 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
        case 'shell'
            __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'kernel=' 'append=+' 'accel=' 'bridge=' 'start-timeout=' 'mode=' 'version' 'h/help'
        case 'console'
            __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'log' 'version' 'h/help'
        case 'snapshot'
            __devbox_parse_subcommand 2 'work=' 'json' 'v/verbose' 'q/quiet' 'remove' 'version' 'h/help'
        case 'rollback'
            __devbox_parse_subcommand 2 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
        case 'ssh-config'
            __devbox_parse_subcommand -r 1 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
        case 'install-kernel'
            __devbox_parse_subcommand -r 2 'work=' 'json' 'v/verbose' 'q/quiet' 'timeout=' 'debug=+' 'debug-modules' 'debug-in-guest' 'cmdline=' 'keep-old=' 'default=' 'guest-initrd' 'restart' 'version' 'h/help'
        case 'kernels'
            __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
        case 'remove-kernel'
            __devbox_parse_subcommand 2 'work=' 'json' 'v/verbose' 'q/quiet' 'timeout=' 'f/force' 'version' 'h/help'
        case 'image'
            __devbox_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'build'
                __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'suite=' 'arch=' 'size=' 'include=' 'mirror=' 'version' 'h/help'
            case 'import'
                __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'name=' 'flatten' 'version' 'h/help'
            case 'list'
                __devbox_parse_subcommand 0 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
            case 'show'
                __devbox_parse_subcommand 1 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
            case 'remove'
                __devbox_parse_subcommand -r 1 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
            end
        case 'install'
            __devbox_parse_subcommand -r 2 'work=' 'json' 'v/verbose' 'q/quiet' 'timeout=' 'version' 'h/help'
        case 'deb'
            __devbox_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'show'
                __devbox_parse_subcommand -r 1 'work=' 'json' 'v/verbose' 'q/quiet' 'version' 'h/help'
            end
        case 'doctor'
            __devbox_parse_subcommand 0 'work=' 'json' 'v/verbose' 'q/quiet' 'fix' 'version' 'h/help'
        case 'help'
            __devbox_parse_subcommand -r 1 'version'
        end
    end
end

function __devbox_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __devbox_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __devbox_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __devbox_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__devbox_tokens -p)
    if test -z "$(__devbox_tokens -t)"
        set -l index (count (__devbox_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'devbox' -f
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'clone' -d 'Make a guest: a thin layer on an image, or on a stopped guest, with an identity of its own.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'list' -d 'List the guests.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'show' -d 'Show everything that is known of a guest.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'remove' -d 'Remove stopped guests with their disks.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'start' -d 'Start a guest, and return when it answers.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'stop' -d 'Shut guests down, and force those that do not end in time.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'flip' -d 'Run a guest in the other mode from now on: virtual machine or container, on the same disk.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'exec' -d 'Run a command in a guest, started or not.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'cp' -d 'Copy a file or a folder into a guest or out of it, running or not.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'shell' -d 'Open a shell in a guest, started or not.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'console' -d 'Connect to the console of a running guest.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'snapshot' -d 'Keep the state of a stopped guest, to return to it with `devbox rollback`.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'rollback' -d 'Return a stopped guest to a snapshot: its disk, kernels and arguments.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'ssh-config' -d 'Print what makes plain `ssh GUEST`, scp and editors work.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'install-kernel' -d 'Put a kernel into a stopped guest\'s disk, without booting it.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'kernels' -d 'List a guest\'s installed kernels, which one starts next, and where their symbols are.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'remove-kernel' -d 'Take a kernel and its packages out of a stopped guest\'s disk.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'image' -d 'Build, import, list, show and remove base images.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'install' -d 'Install packages in a guest, started or not: a test suite, a patched library.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'deb' -d 'Look into Debian packages.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'doctor' -d 'Show what this host can do, what to install, and what killed devboxes left.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox clone" -eq 1' -fka '(__devbox_custom_completion ---completion clone -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" memory' -l 'memory' -d 'Memory as a virtual machine, such as 512M or 4G.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" cpus' -l 'cpus' -d 'Processors as a virtual machine.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" hostname' -l 'hostname' -d 'The guest\'s own name for itself; without it its name here.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox clone" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox list" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox list" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox list" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox list" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox list" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox show" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox show" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox show" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox show" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox show" -eq 1' -fka '(__devbox_custom_completion ---completion show -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox show" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox remove" -ge 1' -fka '(__devbox_custom_completion ---completion remove -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" f force' -l 'force' -s 'f' -d 'Stop a running guest at once, and remove it.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" kernel' -l 'kernel' -d 'Start this installed kernel, this once.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start"' -l 'append' -d 'A further argument for the kernel, this once; may be repeated.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" accel' -l 'accel' -d 'How a virtual machine\'s code is run: kvm or tcg. Default: kvm where it really works.' -rfka 'kvm tcg'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" bridge' -l 'bridge' -d 'The host\'s bridge for a container\'s network. Default: lxcbr0 where there is one.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" start-timeout' -l 'start-timeout' -d 'How long the guest may take to answer.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox start" -eq 1' -fka '(__devbox_custom_completion ---completion start -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" mode' -l 'mode' -d 'Start it in this mode, this once: kvm or lxc. `devbox flip` changes the mode for good.' -rfka 'kvm lxc'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox start" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox stop" -ge 1' -fka '(__devbox_custom_completion ---completion stop -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" timeout' -l 'timeout' -d 'How long a guest may take to shut down before it is forced off.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" f force' -l 'force' -s 'f' -d 'Force it off at once.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox stop" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" kernel' -l 'kernel' -d 'Start this installed kernel, this once.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip"' -l 'append' -d 'A further argument for the kernel, this once; may be repeated.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" accel' -l 'accel' -d 'How a virtual machine\'s code is run: kvm or tcg. Default: kvm where it really works.' -rfka 'kvm tcg'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" bridge' -l 'bridge' -d 'The host\'s bridge for a container\'s network. Default: lxcbr0 where there is one.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" start-timeout' -l 'start-timeout' -d 'How long the guest may take to answer.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox flip" -eq 1' -fka '(__devbox_custom_completion ---completion flip -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox flip" -eq 2' -fka 'kvm lxc'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" timeout' -l 'timeout' -d 'How long a running guest may take to shut down before it is forced off.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox flip" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" kernel' -l 'kernel' -d 'Start this installed kernel, this once.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec"' -l 'append' -d 'A further argument for the kernel, this once; may be repeated.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" accel' -l 'accel' -d 'How a virtual machine\'s code is run: kvm or tcg. Default: kvm where it really works.' -rfka 'kvm tcg'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" bridge' -l 'bridge' -d 'The host\'s bridge for a container\'s network. Default: lxcbr0 where there is one.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" start-timeout' -l 'start-timeout' -d 'How long the guest may take to answer.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox exec" -eq 1' -fka '(__devbox_custom_completion ---completion exec -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" mode' -l 'mode' -d 'kvm starts a stopped guest for the command; lxc is a container.' -rfka 'kvm lxc'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" timeout' -l 'timeout' -d 'How long the command may take.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" bisect' -l 'bisect' -d 'Statuses for `git bisect run`: what the command ends with is good (0) or bad (1 to 127), devbox\'s own failures are 125.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox exec" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox cp" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox cp" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox cp" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox cp" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox cp" -eq 1' -F
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox cp" -eq 2' -F
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox cp" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox cp" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" kernel' -l 'kernel' -d 'Start this installed kernel, this once.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell"' -l 'append' -d 'A further argument for the kernel, this once; may be repeated.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" accel' -l 'accel' -d 'How a virtual machine\'s code is run: kvm or tcg. Default: kvm where it really works.' -rfka 'kvm tcg'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" bridge' -l 'bridge' -d 'The host\'s bridge for a container\'s network. Default: lxcbr0 where there is one.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" start-timeout' -l 'start-timeout' -d 'How long the guest may take to answer.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox shell" -eq 1' -fka '(__devbox_custom_completion ---completion shell -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" mode' -l 'mode' -d 'kvm starts a stopped guest for the shell; lxc is a container.' -rfka 'kvm lxc'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox shell" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox console" -eq 1' -fka '(__devbox_custom_completion ---completion console -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" log' -l 'log' -d 'Print what the console has printed since the guest was last started, and leave.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox console" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox snapshot" -eq 1' -fka '(__devbox_custom_completion ---completion snapshot -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" remove' -l 'remove' -d 'Forget the snapshot of this name instead.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox snapshot" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox rollback" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox rollback" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox rollback" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox rollback" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox rollback" -eq 1' -fka '(__devbox_custom_completion ---completion rollback -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox rollback" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox rollback" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox ssh-config" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox ssh-config" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox ssh-config" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox ssh-config" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox ssh-config" -ge 1' -fka '(__devbox_custom_completion ---completion ssh-config -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox ssh-config" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox ssh-config" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" timeout' -l 'timeout' -d 'How long the packages\' scripts may take.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox install-kernel" -eq 1' -fka '(__devbox_custom_completion ---completion install-kernel -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox install-kernel" -ge 2' -fa '(for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.\'deb\';printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel"' -l 'debug' -d 'A debug package of the kernel: its vmlinux goes to the debug store, which guests see at /work/debug.' -rfa '(set -l exts \'deb\' \'ddeb\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" debug-modules' -l 'debug-modules' -d 'Take the modules\' symbols out of the debug package too.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" debug-in-guest' -l 'debug-in-guest' -d 'Install the debug package in the guest as well.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" cmdline' -l 'cmdline' -d 'The guest\'s further kernel arguments, in place of those it has.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" keep-old' -l 'keep-old' -d 'Remove older kernels but this many, the newest of them.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" default' -l 'default' -d 'The kernel that starts next. Default: the newest in the packages.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" guest-initrd' -l 'guest-initrd' -d 'Have the guest\'s own tools make the initrd, as it is set up there. Slower; for disks that boot elsewhere too.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" restart' -l 'restart' -d 'Stop the guest where it runs, and start it again with the new kernel.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install-kernel" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox kernels" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox kernels" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox kernels" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox kernels" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox kernels" -eq 1' -fka '(__devbox_custom_completion ---completion kernels -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox kernels" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox kernels" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" timeout' -l 'timeout' -d 'How long the packages\' scripts may take.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox remove-kernel" -eq 1' -fka '(__devbox_custom_completion ---completion remove-kernel -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" f force' -l 'force' -s 'f' -d 'Remove it also where it is the only one.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox remove-kernel" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image" -eq 1' -fa 'build' -d 'Make a base image from the distribution\'s packages.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image" -eq 1' -fa 'import' -d 'Take an existing disk, raw or qcow2: a distribution\'s cloud image, say.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image" -eq 1' -fa 'list' -d 'List the images.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image" -eq 1' -fa 'show' -d 'Show everything that is known of an image.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image" -eq 1' -fa 'remove' -d 'Remove images that no guest stands on.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" suite' -l 'suite' -d 'The release; without it the host\'s.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" arch' -l 'arch' -d 'The architecture: amd64, i386, arm64, armhf, ppc64el. Without it the host\'s.' -rfka 'amd64 i386 arm64 armhf ppc64el'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" size' -l 'size' -d 'The disk\'s size; it takes up only what is in it.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" include' -l 'include' -d 'Further packages, with commas between them.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" mirror' -l 'mirror' -d 'The archive to take the packages from, instead of the machine\'s own sources.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image build" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image import" -eq 1' -F
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" name' -l 'name' -d 'The image\'s name.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" flatten' -l 'flatten' -d 'Make one disk of it and its backing file, which must lie beside it and which you trust.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image import" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image list" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image list" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image list" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image list" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image list" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image show" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image show" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image show" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image show" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image show" -eq 1' -fka '(__devbox_custom_completion ---completion image show -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image show" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image remove" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image remove" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image remove" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image remove" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox image remove" -ge 1' -fka '(__devbox_custom_completion ---completion image remove -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image remove" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox image remove" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" timeout' -l 'timeout' -d 'How long the packages\' scripts may take.' -rfka ''
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox install" -eq 1' -fka '(__devbox_custom_completion ---completion install -- positional@0 (count (__devbox_tokens -pc)) (__devbox_tokens -tC))'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox install" -ge 2' -fa '(for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.\'deb\';printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox install" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox deb" -eq 1' -fa 'show' -d 'Show what a package is, and which kernel is in it, without unpacking it.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb show" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb show" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb show" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb show" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_positional "devbox deb show" -ge 1' -fa '(set -l exts \'deb\' \'ddeb\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb show" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox deb show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" work' -l 'work' -d 'The work directory.' -rfa '(__devbox_complete_directories)'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" json' -l 'json' -d 'Report as JSON on standard output.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" v verbose' -l 'verbose' -s 'v' -d 'Print each external command as a line that can be pasted into a shell.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" q quiet' -l 'quiet' -s 'q' -d 'Print no messages but errors and warnings.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" fix' -l 'fix' -d 'Clean away what killed devboxes left. What is in use is never touched.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" version' -l 'version' -d 'Show the version.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox doctor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'devbox' -n '__devbox_should_offer_completions_for_flags_or_options "devbox help" version' -l 'version' -d 'Show the version.'
