#!/bin/sh
# devbox: removes packages with all their settings. apt-get finds what depends on them, a metapackage say; where there is none, dpkg
# says what that is.
# Arguments: their names.
if command -v apt-get >/dev/null; then exec apt-get -y --no-download purge "$@"; else exec dpkg --purge "$@"; fi
