#!/bin/sh
# devbox: runs a command in a guest that runs, the same way in a virtual machine and in a container.
# Arguments: a mark, a text that nothing else has; options; the command. The options:
#  marks     the mark comes before and behind what the command writes, with the status at the end; else descriptor 9 gets the status
#  lifeline  all ends at the end of descriptor 8
#  terminal  the terminal that is there becomes the command's; else it gets a session of its own
#  stay      what the command leaves running goes on; else it ends with the command
#  count     how many bytes of standard input the command has not read is told at the end, behind a further mark
mark=$1 options=" $2 "
shift 2
has() { case $options in *" $1 "*) ;; *) return 1 ;; esac }

# The same in all modes, whatever a login shell made of it.
umask 022
while IFS=: read -r user _ _ _ _ home shell; do [ "$user" != root ] || break; done 2>/dev/null </etc/passwd
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" \
	USER=root LOGNAME=root HOME="${home:-/root}" SHELL="${shell:-/bin/sh}"
cd 2>/dev/null || cd /

# A cgroup finds also what has left the session.
group=
if ! has stay; then
	while read -r _ group type _; do [ "$type" != cgroup2 ] || break; done 2>/dev/null </proc/self/mounts
	while IFS= read -r own; do case $own in 0::*) break ;; esac done 2>/dev/null </proc/self/cgroup
	own=${own#0::}
	# Who came from outside and stays in a cgroup there can be in none of this system's.
	case $own in /..*) group= ;; esac
	if [ -n "$group" ]; then
		# The one that lxc-attach makes is the host's root's; the container's own is not.
		for group in "$group${own%/}/devbox-$mark" "$group/devbox-$mark" ""; do
			[ -z "$group" ] || ! mkdir "$group" 2>/dev/null || break
		done
	fi
fi

end_group() {
	tries=40
	until rmdir "$group" 2>/dev/null; do
		[ "$tries" -gt 0 ] || return
		tries=$((tries - 1))
		if [ -e "$group/cgroup.kill" ]; then
			echo 1 >"$group/cgroup.kill"
		else
			while read -r process; do kill -9 "$process"; done <"$group/cgroup.procs"
		fi
		sleep 0.05 || sleep 1
	done
}

end_session() {
	for stat in /proc/[0-9]*/stat; do
		read -r line <"$stat" || continue
		# shellcheck disable=SC2086 # the fields behind the name: state, parent, group, session
		set -- ${line##*) }
		process=${stat#/proc/}
		process=${process%/stat}
		[ "$4" != "$session" ] || [ "$process" = $$ ] || kill -9 "$process"
	done
}

end() {
	has stay && return
	if [ -d "$group" ]; then end_group; else end_session; fi 2>/dev/null
}

tell() {
	if has marks; then
		printf '\036%s %s\036' "$mark" "$1" 2>/dev/null
		has terminal || printf '\036%s %s\036' "$mark" "$1" >&2 2>/dev/null
	elif [ "$1" != begins ]; then
		echo "${1#ends }" >&9
	fi
}

left() { ! has count || tell "left $(wc -c <&7)"; }

begin() {
	# Where it may not be entered it is of no use.
	[ -z "$group" ] || { echo 0 >"$group/cgroup.procs"; } 2>/dev/null || rmdir "$group"
	has terminal || set -- setsid sh -c 'exec "$@"' sh "$@"
	# What a login shell's files have set is nothing of the command's.
	exec env -i PATH="$PATH" LANG="$LANG" TERM="$TERM" USER="$USER" LOGNAME="$LOGNAME" HOME="$HOME" SHELL="$SHELL" "$@"
}

tell begins
if has terminal; then
	session=$$
	# Ctrl-C is the command's.
	trap : HUP INT QUIT TERM
	(begin "$@") 8<&- 9>&-
	status=$?
else
	# What this shell itself would say of a command that was killed is nobody's.
	exec 7<&0 6>&2 2>/dev/null
	begin "$@" <&7 2>&6 6>&- 7<&- 8<&- 9>&- &
	session=$!
	trap 'has stay && kill -9 "-$session"; end; left; exit 143' HUP TERM
	if has lifeline; then
		{
			read -r _ <&8
			kill $$
		} 6>&- 7<&- 9>&- </dev/null >/dev/null &
		guard=$!
	fi
	wait "$session"
	status=$?
	[ -z "$guard" ] || kill -9 "$guard"
	exec 2>&6 6>&-
fi
trap '' HUP PIPE TERM TTOU
end
tell "ends $status"
left
exit "$status"
