#!/bin/sh
# devbox: the version of makedumpfile, as the program holds it: "version 1.7.2"; nothing where it holds none.
# No arguments.
grep -a -o -m 1 'version [0-9][^ ]* (released on ' /usr/bin/makedumpfile 2>/dev/null | head -n 1 | cut -d ' ' -f 1,2
exit 0
