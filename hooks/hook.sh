#!/bin/sh
# What every git hook runs: sh hook.sh NAME [arguments of the hook], standard input as git gives it. Decides in a few
# milliseconds whether the program has anything to do, and only then starts it. Always exits 0: a hook never stops git.
# Installed as <common git dir>/tandem/hook.sh; docs/hooks.md tells the whole story.

[ "${TANDEM_SKIP-}" = 1 ] && exit 0
case ${CI-} in '' | false) ;; *) exit 0 ;; esac

here=${0%/*}
name=$1
shift

# The branch carries the data: <common>/tandem/branches lists globs that match at least those branches. Without that
# list, or with a configuration newer than it, the program decides.
carries() {
  [ -f "$common/tandem/branches" ] || return 0
  # shellcheck disable=SC3013 # every sh that git comes with knows -nt, and POSIX does since 2024
  [ tandem.config.json -nt "$common/tandem/branches" ] && return 0
  while read -r pattern; do
    # shellcheck disable=SC2254 # a glob on purpose
    case $branch in $pattern) return 0 ;; esac
  done <"$common/tandem/branches"
  return 1
}

# HEAD is what the database was last reconciled with: <common>/tandem/reconciled holds "<commit id> <branch>".
reconciled() {
  [ ! -e "$common/tandem/wake" ] && [ -f "$common/tandem/reconciled" ] || return 1
  read -r last <"$common/tandem/reconciled"
  [ "$last" = "$head $branch" ]
}

# One git call answers all. It fails before the first commit, where only the pre-commit hooks have work.
# pre-push is not asked here: it always looks into the database, and tells when a push carries no data.
if [ "$name" != pre-push ]; then
  if state=$(git rev-parse HEAD --symbolic-full-name HEAD --git-common-dir 2>/dev/null); then
    {
      read -r head
      read -r ref
      IFS= read -r common
    } <<EOF
$state
EOF
    branch=${ref#refs/heads/}
    [ "$branch" != "$ref" ] || exit 0
    carries || exit 0
    case $name in post-*) reconciled && exit 0 ;; esac
  else
    case $name in post-*) exit 0 ;; esac
  fi
fi

# The pid of the git that runs this hook; hook managers put shells in between. Where none is found: the parent.
git_pid() {
  pid=$PPID
  for _ in 1 2 3 4 5 6 7 8; do
    if [ -r "/proc/$pid/stat" ]; then
      # "pid (command) state parent ..."; the command may hold blanks and parentheses.
      read -r stat <"/proc/$pid/stat"
      command=${stat#*\(}
      command=${command%\)*}
      parent=${stat##*\) ? }
      parent=${parent%% *}
    else
      parent=$(ps -o ppid= -p "$pid" 2>/dev/null) || break
      parent=${parent##* }
      command=$(ps -o comm= -p "$pid" 2>/dev/null)
    fi
    case ${command##*/} in git | git-push | git.exe) return ;; esac
    case $parent in '' | 0 | 1) break ;; esac
    pid=$parent
  done
  pid=$PPID
}

# shellcheck source=hooks/command.sh
. "$here/command.sh"
if ! find_tandem; then
  echo "tandem: $missing; $name did nothing (run 'tandem init' again, or set TANDEM_SKIP=1)" >&2
  exit 0
fi
if [ "$name" = pre-push ]; then
  git_pid
  TANDEM_PUSH_PID=$pid
  export TANDEM_PUSH_PID
fi
# In a subshell, because a shell leaves at once, with its own code, when eval meets a syntax error.
(eval "$tandem hook \"\$name\" \"\$@\"") || :
exit 0
