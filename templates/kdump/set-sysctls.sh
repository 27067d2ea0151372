#!/bin/sh
# devbox: sets sysctls of the running kernel, and prints what each was: NAME=VALUE. One that is not there, or that refuses the value,
# is passed over.
# Arguments: NAME=VALUE of each.
for setting; do
	file=/proc/sys/$(printf %s "${setting%%=*}" | tr . /)
	[ -e "$file" ] || continue
	before=$(cat "$file") && printf %s "${setting#*=}" >"$file" && echo "${setting%%=*}=$before"
done
exit 0
