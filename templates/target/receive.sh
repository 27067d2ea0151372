#!/bin/sh
# devbox: unpacks a tar of one file or folder from standard input into a folder of its own beside the target, then moves what came
# into place.
# Arguments: the target, and the name in the tar. Ends with 66 where there is no folder for it.
set -e
if [ -d "$1" ]; then
	folder=$1 name=$2
else
	folder=$(dirname -- "$1") name=$(basename -- "$1")
fi
[ -d "$folder" ] || exit 66
temporary=$(mktemp -d -- "$folder/.devbox-cp.XXXXXX")
trap 'rm -rf -- "$temporary"' EXIT
tar -x --no-same-owner -C "$temporary" -f -
if [ -d "$temporary/$2" ] && [ -d "$folder/$name" ]; then
	cp -rT -- "$temporary/$2" "$folder/$name"
else
	mv -fT -- "$temporary/$2" "$folder/$name"
fi
# What comes next may be a panic.
sync -f -- "$folder"
