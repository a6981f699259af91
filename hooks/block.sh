# 'tandem uninstall' removes this block. Where tandem is not set up, the block does nothing.
# One line that ends in a comment also runs where git checks it out with the line ends of Windows.
tandem_stub=${GIT_DIR:-.git}/tandem/hook.sh; [ -f "$tandem_stub" ] || tandem_stub=$(git rev-parse --git-common-dir 2>/dev/null)/tandem/hook.sh || :; if [ -f "$tandem_stub" ]; then sh "$tandem_stub" @HOOK@ "$@" </dev/null || :; fi; unset tandem_stub #
