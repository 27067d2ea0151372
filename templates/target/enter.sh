#!/bin/sh
# Runs a command in root's home with more variables, for what begins a command elsewhere. A home that is not there is passed over.
# Arguments: the folder to begin in, or nothing for root's home; the number of variables; each as NAME=VALUE; the command.
folder=$1 variables=$2
shift 2
while [ "$variables" -gt 0 ]; do
	export "${1?}"
	shift
	variables=$((variables - 1))
done
if [ -n "$folder" ]; then cd -- "$folder" || exit; else cd 2>/dev/null || :; fi
exec "$@"
