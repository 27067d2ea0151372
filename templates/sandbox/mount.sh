#!/bin/sh
# Runs a command with a disk's file system mounted, in a mount namespace that ends with the command.
# Arguments: the options of the mount; the file that the file system is in; where it is mounted; the command.
mount -o "$1" "$2" "$3" || exit 125
shift 3
exec "$@"
