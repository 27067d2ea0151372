#!/bin/sh
# devbox: how a guest stands with kdump: lines of a word and a text, then /proc/meminfo, then a NUL and the list of its dumps.
# Arguments: the script that lists the dumps (dumps/list.sh), then the names of sysctls.
list=$1
shift
echo "size $(cat /sys/kernel/kexec_crash_size 2>/dev/null)"
echo "loaded $(cat /sys/kernel/kexec_crash_loaded 2>/dev/null)"
echo "cmdline $(cat /proc/cmdline)"
echo "settings $(base64 -w 0 /etc/default/kdump-tools 2>/dev/null)"
folder=/var/crash
[ -d "$folder" ] || folder=/var
echo "space $(stat -f -c '%a %S' "$folder")"
for name; do
	file=/proc/sys/$(printf %s "$name" | tr . /)
	[ ! -e "$file" ] || echo "sysctl $name $(cat "$file")"
done
cat /proc/meminfo
printf '\0'
sh -c "$list" || :
