#!/bin/sh
# Runs a command with a disk's file systems mounted, in a mount namespace that ends with the command.
# Arguments: for each, the options of the mount, the file that it is in, and where it is mounted; "--"; the command.
while [ "$1" != -- ]; do
	# ext4's driver has ext2 and ext3 too, and ids that are mapped, which those drivers do not know.
	mount -t ext4 -o "$1" "$2" "$3" || exit 125
	shift 3
done
shift
exec "$@"
