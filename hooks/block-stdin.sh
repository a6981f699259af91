# 'tandem uninstall' takes this block out again. It does nothing where tandem is not set up.
tandem_stub=${GIT_DIR:-.git}/tandem/hook.sh
[ -f "$tandem_stub" ] || tandem_stub=$(git rev-parse --git-common-dir 2>/dev/null)/tandem/hook.sh || :
if [ -f "$tandem_stub" ]; then
  # git's lines are read once and handed to both, to tandem and to what follows.
  tandem_stdin=$(cat)
  if [ -n "$tandem_stdin" ]; then
    printf '%s\n' "$tandem_stdin" | sh "$tandem_stub" @HOOK@ "$@" || :
    exec <<TANDEM_STDIN
$tandem_stdin
TANDEM_STDIN
  else
    sh "$tandem_stub" @HOOK@ "$@" </dev/null || :
    exec </dev/null
  fi
fi
unset tandem_stub tandem_stdin
