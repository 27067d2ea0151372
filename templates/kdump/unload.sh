#!/bin/sh
# devbox: unloads the crash kernel, where one is loaded.
# No arguments.
[ "$(cat /sys/kernel/kexec_crash_loaded)" != 1 ] || /sbin/kexec -p -u
