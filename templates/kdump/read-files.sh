#!/bin/sh
# devbox: tells of files, one line each: what it is, and its content or, of programs and initrds, its digest.
# Arguments: their paths. A link in the last component is not followed.
for path; do
	if [ -L "$path" ]; then
		echo "link $(readlink -n -- "$path" | base64 -w 0)"
	elif [ ! -e "$path" ]; then
		echo absent
	elif [ ! -f "$path" ]; then
		echo other
	else
		case $path in
		/usr/sbin/* | /usr/bin/* | /sbin/* | */initrd.img-*) echo "digest $(sha256sum <"$path" | cut -c -64)" ;;
		*) echo "file $(stat -c %a -- "$path") $(base64 -w 0 -- "$path")" ;;
		esac
	fi
done
