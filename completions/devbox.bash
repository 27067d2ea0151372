#!/bin/bash

__devbox_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__devbox_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__devbox_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__devbox_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_devbox() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=(--work)
    __devbox_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    clone|list|show|remove|start|stop|flip|exec|cp|shell|console|wait|snapshot|rollback|ssh-config|install-kernel|kernels|remove-kernel|kdump-arm|kdump-disarm|kdump-status|dumps|dump|image|fetch|sources|packages|install|deb|doctor|completions|man|templates|help)
        # Offer subcommand argument completions
        "_devbox_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'clone list show remove start stop flip exec cp shell console wait snapshot rollback ssh-config install-kernel kernels remove-kernel kdump-arm kdump-disarm kdump-status dumps dump image fetch sources packages install deb doctor completions man templates help' -- "${cur}"))
        ;;
    esac
}

_devbox_clone() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --in --memory --cpus --hostname)
    __devbox_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--memory')
        return
        ;;
    '--cpus')
        return
        ;;
    '--hostname')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion clone -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_list() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac
}

_devbox_show() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion show -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --force -f --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion remove -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_start() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=(--append)
    non_repeating_options=(--work --kernel --accel --bridge --start-timeout --on-panic --mode)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--kernel')
        return
        ;;
    '--append')
        return
        ;;
    '--accel')
        __devbox_add_completions -W 'kvm'$'\n''tcg'
        return
        ;;
    '--bridge')
        return
        ;;
    '--start-timeout')
        return
        ;;
    '--on-panic')
        __devbox_add_completions -W 'kdump'$'\n''pause'$'\n''dump'$'\n''reboot'$'\n''stop'
        return
        ;;
    '--mode')
        __devbox_add_completions -W 'kvm'$'\n''lxc'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion start -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_stop() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --force -f --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --timeout)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion stop -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_flip() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=(--append)
    non_repeating_options=(--work --kernel --accel --bridge --start-timeout --timeout)
    __devbox_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--kernel')
        return
        ;;
    '--append')
        return
        ;;
    '--accel')
        __devbox_add_completions -W 'kvm'$'\n''tcg'
        return
        ;;
    '--bridge')
        return
        ;;
    '--start-timeout')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion flip -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __devbox_add_completions -W 'kvm'$'\n''lxc'
        return
        ;;
    esac
}

_devbox_exec() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --detach --bisect --version -h --help)
    repeating_options=(--append)
    non_repeating_options=(--work --kernel --accel --bridge --start-timeout --in --mode --init --timeout)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--kernel')
        return
        ;;
    '--append')
        return
        ;;
    '--accel')
        __devbox_add_completions -W 'kvm'$'\n''tcg'
        return
        ;;
    '--bridge')
        return
        ;;
    '--start-timeout')
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--mode')
        __devbox_add_completions -W 'kvm'$'\n''lxc'
        return
        ;;
    '--init')
        __devbox_add_completions -W 'own'$'\n''none'
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion exec -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_cp() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --in)
    __devbox_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -f
        return
        ;;
    2)
        __devbox_add_completions -f
        return
        ;;
    esac
}

_devbox_shell() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=(--append)
    non_repeating_options=(--work --kernel --accel --bridge --start-timeout --in --mode)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--kernel')
        return
        ;;
    '--append')
        return
        ;;
    '--accel')
        __devbox_add_completions -W 'kvm'$'\n''tcg'
        return
        ;;
    '--bridge')
        return
        ;;
    '--start-timeout')
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--mode')
        __devbox_add_completions -W 'kvm'$'\n''lxc'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion shell -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_console() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --log --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion console -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_wait() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --for --timeout)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--for')
        __devbox_add_completions -W 'panic'$'\n''dump'$'\n''shutdown'
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion wait -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_snapshot() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --remove --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --in)
    __devbox_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion snapshot -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_rollback() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion rollback -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_ssh-config() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion ssh-config -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_install-kernel() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --download-dependencies --debug-modules --debug-in-guest --guest-initrd --restart --version -h --help)
    repeating_options=(--debug)
    non_repeating_options=(--work --timeout --in --cmdline --keep-old --default)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--timeout')
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--debug')
        __devbox_add_completions -o plusdirs -fX '!*.@(deb|ddeb)'
        return
        ;;
    '--cmdline')
        return
        ;;
    '--keep-old')
        return
        ;;
    '--default')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion install-kernel -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    *)
        __devbox_add_completions -o plusdirs -fX '!*.@(deb)'
        return
        ;;
    esac
}

_devbox_kernels() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion kernels -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_remove-kernel() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --download-dependencies --force -f --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --timeout --in)
    __devbox_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--timeout')
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion remove-kernel -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_kdump-arm() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --verify --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --in --panic-on --crashkernel --hung-task-timeout --softlockup-threshold --dump-level --verify-timeout)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--panic-on')
        __devbox_add_completions -W 'oops'$'\n''hung-task'$'\n''softlockup'$'\n''hardlockup'$'\n''rcu-stall'$'\n''nmi'$'\n''warn'$'\n''oom'$'\n''io-nmi'$'\n''all'
        return
        ;;
    '--crashkernel')
        return
        ;;
    '--hung-task-timeout')
        return
        ;;
    '--softlockup-threshold')
        return
        ;;
    '--dump-level')
        return
        ;;
    '--verify-timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion kdump-arm -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_kdump-disarm() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --in)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion kdump-disarm -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_kdump-status() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion kdump-status -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_dumps() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --remove-from-guest --version -h --help)
    repeating_options=(--remove)
    non_repeating_options=(--work --in --keep)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--keep')
        return
        ;;
    '--remove')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion dumps -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_dump() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --panic --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --format --timeout)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--format')
        __devbox_add_completions -W 'elf'$'\n''kdump-zlib'$'\n''kdump-lzo'$'\n''kdump-snappy'
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion dump -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_image() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __devbox_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    build|import|list|show|trust|remove)
        # Offer subcommand argument completions
        "_devbox_image_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'build import list show trust remove' -- "${cur}"))
        ;;
    esac
}

_devbox_image_build() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --suite --arch --size --include --mirror)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--suite')
        return
        ;;
    '--arch')
        __devbox_add_completions -W 'amd64'$'\n''i386'$'\n''arm64'$'\n''armhf'$'\n''ppc64el'
        return
        ;;
    '--size')
        return
        ;;
    '--include')
        return
        ;;
    '--mirror')
        return
        ;;
    esac
}

_devbox_image_import() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --flatten --convert --trusted --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --name)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--name')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -f
        return
        ;;
    esac
}

_devbox_image_list() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac
}

_devbox_image_show() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion image show -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_image_trust() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --undo --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion image trust -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_image_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion image remove -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_fetch() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --exact --download-dependencies --list --with-debug --allow-unlisted --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --arch --date --version --format --source --suite --kernel-version --timeout --in --since --until --install)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--arch')
        return
        ;;
    '--date')
        return
        ;;
    '--version')
        return
        ;;
    '--format')
        __devbox_add_completions -W 'deb'$'\n''rpm'$'\n''tar.xz'
        return
        ;;
    '--source')
        return
        ;;
    '--suite')
        return
        ;;
    '--kernel-version')
        return
        ;;
    '--timeout')
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    '--since')
        return
        ;;
    '--until')
        return
        ;;
    '--install')
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion fetch -- --install "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_sources() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac
}

_devbox_packages() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --prune --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --older-than --keep --max-size --forget)
    __devbox_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--older-than')
        return
        ;;
    '--keep')
        return
        ;;
    '--max-size')
        return
        ;;
    '--forget')
        return
        ;;
    esac
}

_devbox_install() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --download-dependencies --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --timeout --in)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--timeout')
        return
        ;;
    '--in')
        __devbox_add_completions -W 'container'$'\n''appliance'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion install -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    *)
        __devbox_add_completions -o plusdirs -fX '!*.@(deb)'
        return
        ;;
    esac
}

_devbox_deb() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __devbox_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    show)
        # Offer subcommand argument completions
        "_devbox_deb_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'show' -- "${cur}"))
        ;;
    esac
}

_devbox_deb_show() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __devbox_add_completions -o plusdirs -fX '!*.@(deb|ddeb)'
        return
        ;;
    esac
}

_devbox_doctor() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --fix --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac
}

_devbox_completions() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --install --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W 'bash'$'\n''zsh'$'\n''fish'
        return
        ;;
    esac
}

_devbox_man() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work --to)
    __devbox_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    '--to')
        __devbox_add_completions -d
        return
        ;;
    esac
}

_devbox_templates() {
    repeating_flags=()
    non_repeating_flags=(--json --verbose -v --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--work)
    __devbox_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--work')
        __devbox_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __devbox_add_completions -W "$(__devbox_custom_complete ---completion templates -- positional@0 "${COMP_CWORD}" "$(__devbox_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_devbox_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __devbox_offer_flags_options -1
}

complete -o filenames -F _devbox devbox
