#!/bin/sh
# devbox: installs packages group by group. What a package needs before it is unpacked stands in a group before it, for dpkg
# configures nothing of a run before all of it is unpacked.
# Arguments: dpkg's options; then for each group the paths of its packages, and their names. No path and no name has a blank.
options=$1
shift
while [ $# -gt 2 ]; do
	# shellcheck disable=SC2086
	dpkg $options --unpack $1 && dpkg $options --configure $2 || exit
	shift 2
done
# shellcheck disable=SC2086
exec dpkg $options --install $1
