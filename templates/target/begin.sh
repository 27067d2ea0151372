#!/bin/sh
# devbox: what any login shell begins a command with. The words come as one argument, as printf(1) reads `%b`, each with a separator behind
# it: no shell takes any of that for something else. Here is nothing either that tcsh or fish reads otherwise: one line, without ' and !.
# Arguments: the separator and the words, both for `%b`.
# shellcheck disable=SC2046 # it is to be split
set -f; IFS=$(printf %b "$1"); set -- $(printf %b "$2"); unset IFS; exec "$@"
