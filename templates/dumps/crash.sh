#!/bin/sh
# devbox: has the kernel panic, once the crash kernel is loaded: ssh may answer before that.
# No arguments. Ends with 69 where it is not loaded.
find /var/crash -mindepth 1 -delete
systemctl start kdump-tools.service || exit 69
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || exit 69
sync
echo c >/proc/sysrq-trigger
