#!/bin/sh
# devbox: packs those of some files that exist into a tar on standard output; links are followed.
# Arguments: their paths, without the / that they begin with.
cd / || exit
n=$#
for file; do
	[ ! -e "$file" ] || set -- "$@" "$file"
done
shift "$n"
exec tar -ch -- "$@"
