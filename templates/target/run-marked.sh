#!/bin/sh
# devbox: runs a command that ssh brought to a virtual machine, in a session of its own, by whose mark end-marked.sh finds it.
# Arguments: the mark, a path that nothing else has, then the command. The file is made only where the command ends with 255, the
# status that ssh has for failures of its own.
mark=$1
shift
exec 7<&0
setsid sh -c 'exec "$@"' sh "$@" <&7 7<&- &
exec 7<&-
wait "$!"
status=$?
[ "$status" != 255 ] || : >"$mark"
exit "$status"
