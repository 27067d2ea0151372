#!/bin/sh
# devbox: where a guest's settings have its dumps go: lines of a file's path and, in base64, its beginning; "link" where a link leads to
# the folder. Then a NUL, and what lies in it and in the folders there: kind, size, blocks of 512 bytes, seconds and path of each,
# ended by a NUL.
# Arguments: the folder, an absolute path.
for file in /etc/default/kdump-tools /etc/kdump.conf /etc/sysconfig/kdump; do
	[ ! -f "$file" ] || echo "$file $(head -c 65536 "$file" | base64 -w 0)"
done
if [ -d "$1" ] && [ "$(readlink -f "$1")" != "$1" ]; then
	echo link
	exit 0
fi
printf '\0'
[ ! -d "$1" ] || find "$1" -xdev -mindepth 1 -maxdepth 2 -printf '%y %s %b %T@ %P\0'
exit 0
