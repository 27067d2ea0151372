#!/bin/sh
# devbox: loads the crash kernel where memory is reserved for it and it is not loaded yet; prints whether it is then, and crashkernel=
# of the kernel's command line.
# No arguments. Ends with the status of kdump-config where that fails.
[ "$(cat /sys/kernel/kexec_crash_size)" = 0 ] || [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] ||
	/usr/sbin/kdump-config load >&2 || exit
echo "$(cat /sys/kernel/kexec_crash_loaded) $(tr ' ' '\n' </proc/cmdline | sed -n 's/^crashkernel=//p' | tail -n 1)"
