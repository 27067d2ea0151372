#!/bin/sh
# devbox: ends a command that run.sh runs, and returns when it has ended; without procps, which a guest need not have.
# Arguments: the mark.

# At a terminal run.sh waits for the command, and does nothing else: what is in its session is ended for it.
end_session() {
	for stat in /proc/[0-9]*/stat; do
		read -r line <"$stat" || continue
		other=${stat#/proc/}
		other=${other%/stat}
		# shellcheck disable=SC2086 # the fields behind the name: state, parent, group, session
		set -- "$1" ${line##*) }
		[ "$5" != "$1" ] || [ "$other" = "$1" ] || [ "$other" = $$ ] || kill -9 "$other"
	done 2>/dev/null
}

# shellcheck disable=SC2013 # a path in /proc has no spaces
for found in $(grep -lszxF -e "$1" /proc/[0-9]*/cmdline); do
	process=${found#/proc/}
	process=${process%/cmdline}
	[ "$process" != $$ ] || continue
	kill "$process" 2>/dev/null || continue
	tries=40
	while [ "$tries" -gt 0 ] && kill -0 "$process" 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" != 20 ] || end_session "$process"
		sleep 0.05 || sleep 1
	done
done
