# 'tandem uninstall' takes this block out again. It does nothing where tandem is not set up.
tandem_stub=${GIT_DIR:-.git}/tandem/hook.sh
[ -f "$tandem_stub" ] || tandem_stub=$(git rev-parse --git-common-dir 2>/dev/null)/tandem/hook.sh || :
if [ -f "$tandem_stub" ]; then sh "$tandem_stub" @HOOK@ "$@" </dev/null || :; fi
unset tandem_stub
