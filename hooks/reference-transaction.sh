#!/bin/sh
# git-tandem wrote this hook for one "git push", and recognises it by these words; the hook removes itself. When that
# push has moved its tracking ref, the hook pushes the data commit in a second push. docs/hooks.md of git-tandem explains
# why that happens here.
marker=@MARKER@
push_pid=@PID@
pushed=@PUSHED@
kept=$0.tandem-original

# Removes this hook, and puts the hook back that was here before.
remove_hook() {
  if [ -e "$kept" ] || [ -L "$kept" ]; then mv -f "$kept" "$0"; else rm -f "$0"; fi
}

push_data() {
  remove_hook
  # git has set these for the first push; another git process must not get them.
  unset GIT_QUARANTINE_PATH GIT_PREFIX GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
  # The marker stays until the branch has moved: if this is killed, the next hook finishes it.
  if (
    @ENVIRONMENT@
    @PUSH@ </dev/null >&2
  ); then
    echo @SENT@ >&2
    @FINISH@ </dev/null >&2
  else
    rm -f "$marker"
    echo @NOT_SENT@ >&2
  fi
}

main() {
  lines=$(cat)
  status=0
  if [ -x "$kept" ]; then printf '%s\n' "$lines" | "$kept" "$@" || status=$?; fi
  # In the states before "committed" the former hook may still refuse the transaction by its exit code.
  [ "$1" = committed ] || exit "$status"
  [ -z "${TANDEM_INNER-}" ] || exit 0
  moved=
  while read -r _ new ref; do
    if [ "$new $ref" = "$pushed" ]; then moved=1; fi
  done <<EOF
$lines
EOF
  # Nothing is pushed for any other git process, such as a fetch at the same time. If the push that this hook is for has
  # ended without it, the hook removes itself; and it says so if the remote has what that push was to send.
  if [ "$PPID" != "$push_pid" ] || [ ! -f "$marker" ]; then
    if [ ! -f "$marker" ] || ! kill -0 "$push_pid" 2>/dev/null; then
      if [ -n "$moved" ] && [ -f "$marker" ]; then echo @UNSENT@ >&2; fi
      rm -f "$marker"
      remove_hook
    fi
    exit 0
  fi
  if [ -n "$moved" ]; then push_data; fi
  exit 0
}

# All of it is in functions, so that the shell has read the whole file before the file is removed.
main "$@"
