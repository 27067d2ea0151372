#!/bin/sh
# devbox: removes dumps that still are what they were, and the folder of each where it is empty then.
# Arguments: the folder where the guest's dumps are; then path, size and modification time of each.
root=$1
shift
status=0
while [ $# -ge 3 ]; do
	if [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c '%s %Y' -- "$1")" = "$2 $3" ]; then
		rm -f -- "$1" || status=1
		folder=${1%/*}
		[ "$folder" = "${root%/}" ] || rmdir -- "$folder" 2>/dev/null
	fi
	shift 3
done
exit $status
