#!/bin/sh
# devbox: runs a command, and has the disk written beside it. dpkg has every file written out as soon as it is unpacked, and waits for
# it; here that is done some files at a time, and what is left at the end is written when the disk is unmounted.
# Arguments: the command.
(while sleep 0.3; do sync -f /; done) >/dev/null 2>&1 &
exec "$@"
