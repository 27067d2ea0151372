#!/bin/sh
# Runs the command of a sandbox, reports its status on descriptor 9, and ends whatever it left running.
# Arguments: the folder to begin in, or nothing for root's home; the number of variables; each as NAME=VALUE; the command.
trap : HUP INT QUIT TERM
# As target/run.sh has it for a guest that runs.
umask 022
while IFS=: read -r user _ _ _ _ home shell; do [ "$user" != root ] || break; done 2>/dev/null </etc/passwd
export USER=root LOGNAME=root HOME="${home:-/root}" SHELL="${shell:-/bin/sh}" TERM="${TERM:-dumb}"
folder=$1 variables=$2
shift 2
while [ "$variables" -gt 0 ]; do
	export "${1?}"
	shift
	variables=$((variables - 1))
done
if [ -z "$folder" ]; then
	cd 2>/dev/null || :
elif ! cd -- "$folder" 2>/dev/null; then
	echo folder >&9
	exit
fi
# What this shell itself would say of a command that was killed is nobody's.
exec 6>&2 2>/dev/null
(exec "$@" 2>&6 6>&- 9>&-)
echo $? >&9
kill -9 -1 2>/dev/null
