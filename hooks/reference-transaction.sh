#!/bin/sh
# git-tandem wrote this hook for one "git push", and it takes itself away: when that push has moved its tracking ref, the
# data commit follows it in an inner push. docs/hooks.md of git-tandem explains why it has to happen here.
marker=@MARKER@
push_pid=@PID@
pushed=@PUSHED@
kept=$0.tandem-original

# Marker and hook go; a hook that was here before comes back.
vanish() {
  rm -f "$marker"
  if [ -e "$kept" ] || [ -L "$kept" ]; then mv -f "$kept" "$0"; else rm -f "$0"; fi
}

carry() {
  vanish
  # What git set for the outer push, and must not reach another process.
  unset GIT_QUARANTINE_PATH GIT_PREFIX GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
  @ENVIRONMENT@
  if @PUSH@ </dev/null >&2; then echo @SENT@ >&2; else echo @NOT_SENT@ >&2; fi
}

main() {
  lines=$(cat)
  status=0
  if [ -x "$kept" ]; then printf '%s\n' "$lines" | "$kept" "$@" || status=$?; fi
  # Before a transaction is written, the hook that was here may still refuse it; afterwards nothing counts.
  [ "$1" = committed ] || exit "$status"
  [ -z "${TANDEM_INNER-}" ] || exit 0
  # Only the very push that this was written for, not a fetch beside it; what a dead push left is cleared away.
  if [ "$PPID" != "$push_pid" ] || [ ! -f "$marker" ]; then
    { [ -f "$marker" ] && kill -0 "$push_pid" 2>/dev/null; } || vanish
    exit 0
  fi
  while read -r _ new ref; do
    if [ "$new $ref" = "$pushed" ]; then carry && break; fi
  done <<EOF
$lines
EOF
  exit 0
}

# A function, so that all of it has been read before the file goes.
main "$@"
