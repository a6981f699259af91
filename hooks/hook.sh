#!/bin/sh
# What every git hook runs: sh hook.sh NAME [arguments of the hook], with standard input as git gives it. It decides in
# a few milliseconds whether the program has anything to do, and only then starts it. It always exits 0, so that it
# never stops git. Installed as <common git dir>/tandem/hook.sh; see docs/hooks.md.

[ "${TANDEM_SKIP-}" = 1 ] && exit 0
case ${CI-} in '' | false) ;; *) exit 0 ;; esac

here=${0%/*}
name=$1
shift

# The second drive. The run goes on by itself, with streams of its own: a child that has git's would keep it waiting.
if [ "$name" = post-commit ] && [ -f "$here/mirror-on-commit" ]; then
  # shellcheck source=hooks/command.sh
  . "$here/command.sh"
  if find_tandem; then
    detach=
    command -v setsid >/dev/null 2>&1 && detach=setsid
    # the streams are those of the subshell: a shell that redirects "eval" keeps git's beside them until it ends
    (
      unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX
      eval "exec $detach $tandem mirror run --after-commit --quiet"
    ) </dev/null >/dev/null 2>&1 &
  fi
fi

# True when the current branch may carry the data. <common>/tandem/branches has globs that match at least the branches
# that do. Without that file, or when the configuration is newer, this is true and the program decides.
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

# True when the database has already been reconciled with HEAD: <common>/tandem/reconciled has "<commit id> <branch>"
# of the last time. False while <common>/tandem/wake exists, a file with which anybody can have the program started.
reconciled() {
  [ ! -e "$common/tandem/wake" ] && [ -f "$common/tandem/reconciled" ] || return 1
  read -r last <"$common/tandem/reconciled"
  [ "$last" = "$head $branch" ]
}

# One call of git tells all that is needed. It fails before the first commit, when post-* hooks have nothing to do.
# For pre-push the program is always started: it has to look into the database, and says when a push carries no data.
# "pushed" is the last step of such a push.
case $name in
pre-push | pushed) ;;
*)
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
  ;;
esac

# Sets $pid to the process id of the git that runs this hook, which is not the parent where a hook manager starts
# shells in between. If no such git is found, it is that of the parent.
git_pid() {
  pid=$PPID
  for _ in 1 2 3 4 5 6 7 8; do
    if [ -r "/proc/$pid/stat" ]; then
      # The file is "pid (command) state parent ..."; the command may contain blanks and parentheses.
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
given=
[ "$name" = pushed ] && given=${2-}
if ! find_tandem "$given"; then
  echo "tandem: $missing; $name did nothing (run 'tandem init' again, or set TANDEM_SKIP=1)" >&2
  exit 0
fi
if [ "$name" = pre-push ]; then
  git_pid
  TANDEM_PUSH_PID=$pid
  TANDEM_COMMAND=$tandem
  export TANDEM_PUSH_PID TANDEM_COMMAND
fi
# In a subshell, because a shell ends at once, with an exit code other than 0, when eval meets a syntax error.
(eval "$tandem hook \"\$name\" \"\$@\"") || :
exit 0
