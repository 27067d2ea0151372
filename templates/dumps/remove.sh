#!/bin/sh
# devbox: removes files of /var/crash that still are what they were, and the folder of each where it is empty then.
# Arguments: path, size and modification time of each.
status=0
while [ $# -ge 3 ]; do
	if [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c '%s %Y' -- "$1")" = "$2 $3" ]; then
		rm -f -- "$1" || status=1
		folder=${1%/*}
		[ "$folder" = /var/crash ] || rmdir -- "$folder" 2>/dev/null
	fi
	shift 3
done
exit $status
