#!/bin/sh
# devbox: runs a command in a container, in a session of its own, which is killed when descriptor 8 ends: without a terminal that hangs
# up, it would outlive the lxc-attach that brought it there. Its status goes to descriptor 9.
# Arguments: the command.
exec 7<&0 6>&2 2>/dev/null
setsid sh -c 'exec "$@"' sh "$@" <&7 2>&6 6>&- 7<&- 8<&- 9>&- &
child=$!
{
	read -r _ <&8
	kill -9 "-$child"
} 6>&- 7<&- 9>&- </dev/null >/dev/null &
guard=$!
exec 6>&- 7<&- </dev/null >/dev/null
wait "$child"
echo $? >&9
kill -9 "$guard"
