# shellcheck shell=sh disable=SC2034,SC2119,SC2120 # the scripts that source this read the variables; "set" makes the arguments
# Finds the program for hook.sh and merge-driver.sh. Both source this file, so that they start the same program.

# Sets $tandem to a shell command line, or returns 1 with the reason in $missing. $1, if given, is what was found before.
find_tandem() {
  missing='no command found'
  tandem=${1-}
  [ -n "$tandem" ] && runs && return 0
  tandem=$(git config --get tandem.command) && [ -n "$tandem" ] && runs && return 0
  tandem=./node_modules/.bin/tandem
  [ -f "$tandem" ] && untracked && runs && return 0
  tandem=tandem
  runs
}

# True when the first word of $tandem can be started; for a script that node runs, node must be there too. This is
# tried in a subshell, because a shell ends at once when eval meets a syntax error.
runs() {
  reason=$(
    exec 2>/dev/null
    eval "set -- $tandem" || exit
    program=$(command -v "$1") || exit
    # In "node SCRIPT" the script must exist, or node would print a long stack trace.
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

# True when git tracks no file that decides what node_modules/.bin/tandem runs. Otherwise a pull could bring in a
# program that this hook would start.
untracked() {
  if [ -L node_modules ]; then set -- node_modules; else set -- node_modules/.bin node_modules/git-tandem; fi
  tracked=$(git ls-files -- "$@" 2>/dev/null) && [ -z "$tracked" ]
}
