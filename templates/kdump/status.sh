#!/bin/sh
# devbox: how a guest stands with kdump: lines of a word and a text, then /proc/meminfo, then a NUL and the list of its dumps.
# Arguments: the script that lists the dumps (dumps/list.sh), the folder where they are, then the names of sysctls.
list=$1
folder=$2
shift 2
echo "size $(cat /sys/kernel/kexec_crash_size 2>/dev/null)"
echo "loaded $(cat /sys/kernel/kexec_crash_loaded 2>/dev/null)"
echo "cmdline $(cat /proc/cmdline)"
echo "kernel $(uname -r)"
echo "makedumpfile $(grep -a -o -m 1 'version [0-9][^ ]* (released on ' /usr/bin/makedumpfile 2>/dev/null | head -n 1 | cut -d ' ' -f 1,2)"
echo "settings $(base64 -w 0 /etc/default/kdump-tools 2>/dev/null)"
there=$folder
while [ ! -d "$there" ]; do there=$(dirname "$there"); done
echo "space $(stat -f -c '%a %S' "$there")"
for name; do
	file=/proc/sys/$(printf %s "$name" | tr . /)
	[ ! -e "$file" ] || echo "sysctl $name $(cat "$file")"
done
cat /proc/meminfo
printf '\0'
sh -c "$list" sh "$folder" || :
