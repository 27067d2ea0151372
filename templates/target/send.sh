#!/bin/sh
# devbox: packs a file or folder into a tar on standard output.
# Arguments: its path. Ends with 66 where it is not there.
[ -e "$1" ] || [ -L "$1" ] || exit 66
case $([ ! -f "$1" ] || stat -f -c %T -- "$1") in
proc | sysfs | debugfs | tracefs | securityfs | configfs | cgroup2fs | bpf_fs)
	# Such files do not tell their sizes, and tar packs no more than that.
	name=$(basename -- "$1") && folder=$(mktemp -d) && trap 'rm -rf -- "$folder"' EXIT || exit
	cat -- "$1" >"$folder/$name" && tar -c -C "$folder" -f - -- "$name"
	exit
	;;
esac
exec tar -c -C "$(dirname -- "$1")" -f - -- "$(basename -- "$1")"
