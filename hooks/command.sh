# shellcheck shell=sh disable=SC2034,SC2119,SC2120 # results are for who sources this; "set" makes the arguments
# Finds the program for hook.sh and merge-driver.sh, which source this file; both must agree on what they start.

# Sets $tandem to a shell command line, or returns 1 with the reason in $missing.
find_tandem() {
  missing='no command found'
  tandem=$(git config --get tandem.command) && [ -n "$tandem" ] && runs && return 0
  tandem=./node_modules/.bin/tandem
  [ -f "$tandem" ] && untracked && runs && return 0
  tandem=tandem
  runs
}

# True when the first word of $tandem can be started, with node if it is a script of node's. A subshell, because a
# shell leaves at once when eval meets a syntax error.
runs() {
  reason=$(
    exec 2>/dev/null
    eval "set -- $tandem" || exit
    program=$(command -v "$1") || exit
    # The script of "node script" must be there, else node fills the screen with a stack trace.
    case ${2-} in /* | [A-Za-z]:*) [ -f "$2" ] || exit ;; esac
    first=
    [ -f "$program" ] && read -r first <"$program"
    case $first in
    '#!'*node*) command -v node >/dev/null || { echo 'node is not on the PATH'; exit; } ;;
    esac
    echo runs
  )
  [ "$reason" = runs ] && return 0
  [ -z "$reason" ] || missing=$reason
  return 1
}

# True when no file of the repository decides what node_modules/.bin/tandem runs: a pull must not bring a program.
untracked() {
  if [ -L node_modules ]; then set -- node_modules; else set -- node_modules/.bin node_modules/git-tandem; fi
  tracked=$(git ls-files -- "$@" 2>/dev/null) && [ -z "$tracked" ]
}
