#!/bin/sh
# devbox: has the kernel panic, once the crash kernel is loaded: ssh may answer before that. Earlier dumps are removed.
# Arguments: the folder where its dumps go. Ends with 69 where the crash kernel is not loaded.
[ ! -d "$1" ] || find "$1" -xdev -mindepth 1 -maxdepth 2 -type f \( -name 'dump*' -o -name 'vmcore*' -o -name 'dmesg.*' \) -delete
systemctl start kdump-tools.service || exit 69
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || exit 69
sync
echo c >/proc/sysrq-trigger
