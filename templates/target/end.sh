#!/bin/sh
# devbox: ends a command that run.sh runs, and returns when it has ended; without procps, which a guest need not have.
# Arguments: the mark.
# shellcheck disable=SC2013 # a path in /proc has no spaces
for found in $(grep -lszxF -e "$1" /proc/[0-9]*/cmdline); do
	process=${found#/proc/}
	process=${process%/cmdline}
	[ "$process" != $$ ] || continue
	kill "$process" 2>/dev/null || continue
	tries=40
	while [ "$tries" -gt 0 ] && kill -0 "$process" 2>/dev/null; do
		tries=$((tries - 1))
		sleep 0.05 || sleep 1
	done
done
