#!/bin/sh
# devbox: ends the sessions that run-marked.sh began; without procps, which a guest need not have.
# Arguments: the mark.
# shellcheck disable=SC2013 # a path in /proc has no spaces
for found in $(grep -lszxF -e "$1" /proc/[0-9]*/cmdline); do
	parent=${found#/proc/}
	parent=${parent%/cmdline}
	[ "$parent" != $$ ] || continue
	for stat in /proc/[0-9]*/stat; do
		read -r line 2>/dev/null <"$stat" || continue
		# shellcheck disable=SC2086 # the fields behind the name: state, parent, group
		set -- ${line##*) }
		[ "$2" != "$parent" ] || kill -9 "-${line%% *}"
	done
done
