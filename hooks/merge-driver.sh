#!/bin/sh
# The merge driver: sh merge-driver.sh %O %A %B %L %P (base, ours and result, theirs, marker size, path). git's own text
# merge first, in 5 ms, because one sorted record per line makes a clean one right; the program only for the rest. Without
# the program the text merge stands, with markers, where git alone would leave ours without a sign.
# Exit code: 0 merged, 1 conflict. Installed as <common git dir>/tandem/merge-driver.sh.

here=${0%/*}
base=$1 ours=$2 theirs=$3 size=$4 path=$5
text=$ours.tandem
trap 'rm -f "$text"' EXIT
trap 'exit 1' HUP INT TERM

# The text merge is the answer; $clean is 0 when it met no conflict.
take_text() {
  [ "$clean" -lt 128 ] && cat "$text" >"$ours"
}

# The first lines name format, collection, layout and bucket: sides that disagree are in different layouts.
same_header() {
  read -r our_header <"$ours"
  read -r their_header <"$theirs"
  [ "$our_header" = "$their_header" ] || return 1
  [ -s "$base" ] || return 0
  read -r base_header <"$base"
  [ "$base_header" = "$our_header" ]
}

git merge-file -q -p --marker-size="$size" -L ours -L base -L theirs "$ours" "$base" "$theirs" >"$text" 2>/dev/null
clean=$?

layouts=same
case $path in
*.jsonl)
  same_header || layouts=differ
  if [ "$clean" = 0 ] && [ "$layouts" = same ]; then
    take_text
    exit 0
  fi
  ;;
*/collection.json) ;; # a clean text merge of indented JSON can be wrong
*)
  # reports: prose, each in a file of its own
  take_text
  [ "$clean" = 0 ] && exit 0
  exit 1
  ;;
esac

# shellcheck source=hooks/command.sh
. "$here/command.sh"
if find_tandem; then
  (eval "$tandem merge-driver \"\$base\" \"\$ours\" \"\$theirs\" \"\$size\" \"\$path\"")
  status=$?
  # 126 and 127: not started; above: killed. Else the program has written its answer.
  [ "$status" = 0 ] && exit 0
  [ "$status" -lt 126 ] && exit 1
fi
take_text
[ "$clean" = 0 ] && [ "$layouts" = same ] && exit 0
echo "tandem: $path merged as text only, with a conflict: run 'tandem resolve'" >&2
exit 1
