#!/bin/sh
# The merge driver: sh merge-driver.sh %O %A %B %L %P (base, ours and result, theirs, marker size, path). It first tries
# git's own text merge, which takes 5 ms. A text merge of record files without a conflict is right, because each line is
# one record and the lines are sorted. The program is started only for the rest, and only once in a merge: it then
# merges all files that git will come with, and the later calls take its results. If there is no program, the result is
# the text merge with conflict markers; with no merge driver at all, git would leave ours there without any marker.
# Exit code: 0 merged, 1 conflict. Installed as <common git dir>/tandem/merge-driver.sh.

here=${0%/*}
base=$1 ours=$2 theirs=$3 size=$4 path=$5
text=$ours.tandem
trap 'rm -f "$text"' EXIT
trap 'exit 1' HUP INT TERM

# Makes the text merge the result, unless it failed ($clean is 128 or more then, and 0 when it had no conflict).
take_text() {
  [ "$clean" -lt 128 ] && cat "$text" >"$ours"
}

# True when the first lines of the files are the same. They name format, collection, layout and bucket; where they
# differ, the records are distributed over files in different ways, and a text merge would be wrong.
same_header() {
  read -r our_header <"$ours"
  read -r their_header <"$theirs"
  [ "$our_header" = "$their_header" ] || return 1
  [ -s "$base" ] || return 0
  read -r base_header <"$base"
  [ "$base_header" = "$our_header" ]
}

text_merge() {
  git merge-file -q -p --marker-size="$size" -L ours -L base -L theirs "$ours" "$base" "$theirs" >"$text" 2>/dev/null
  clean=$?
}

# Makes the result what an earlier call in this merge has kept for exactly these commits, texts, path, configuration and
# program (src/operations/merge-driver/results.ts has the form). Returns 1 when there is none.
take_kept() {
  kept=${GIT_DIR:-.git}
  kept=$here/merging/${kept##*/}
  [ -f "$kept/merge" ] || return 1
  {
    IFS= read -r program
    read -r merged
  } <"$kept/merge"
  # git names the commit that a merge takes in by a variable; in a rebase or a cherry-pick there is none
  case $(export -p) in
  *GITHEAD_*GITHEAD_*) return 1 ;;
  *GITHEAD_"$merged"=*) ;;
  *GITHEAD_*) return 1 ;;
  *) [ -z "$merged" ] || return 1 ;;
  esac
  state=$(printf '%s\n' HEAD MERGE_HEAD REBASE_HEAD CHERRY_PICK_HEAD REVERT_HEAD |
    git cat-file --batch-check='%(objectname)' 2>/dev/null) || return 1
  set -- "$base" "$ours" "$theirs" tandem.config.json "$program"
  [ ! -f "$here/../shallow" ] || set -- "$@" "$here/../shallow"
  ids=$(printf '%s\n' "$merged" "$state" "$path" | git hash-object --stdin --no-filters "$@" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # an id for each: commits and path, base, ours, theirs, configuration, program
  set -- $ids
  file=$kept/$1 base_id=$2
  [ -f "$file" ] || return 1
  shift 2
  {
    read -r of result others
    [ "$others" = "$*" ] && { [ "$of" = any ] || [ "$of" = "$base_id" ]; } || return 1
    cat >"$text"
  } <"$file"
  # moved there when it is known to be whole: ours must stay what it is if the disk is full
  [ "$(git hash-object --no-filters "$text" 2>/dev/null)" = "$result" ] && mv -f "$text" "$ours" && return
  text_merge
  return 1
}

text_merge

layouts=same
case $path in
*.jsonl)
  same_header || layouts=differ
  if [ "$clean" = 0 ] && [ "$layouts" = same ]; then
    take_text
    exit 0
  fi
  ;;
*/collection.json) ;; # a text merge of indented JSON can be wrong even without a conflict
*)
  # reports: texts for people, for which a text merge is right
  take_text
  [ "$clean" = 0 ] && exit 0
  exit 1
  ;;
esac

case $path in
*.jsonl) take_kept && exit 0 ;;
esac

# shellcheck source=hooks/command.sh
. "$here/command.sh"
if find_tandem; then
  # tells the program that results which it keeps will be looked for
  export TANDEM_LOOKS_FOR_MERGES=1
  (eval "$tandem merge-driver \"\$base\" \"\$ours\" \"\$theirs\" \"\$size\" \"\$path\"")
  status=$?
  # 126 and 127 mean that the program was not started, and more that it was killed. Otherwise it has written the result.
  [ "$status" = 0 ] && exit 0
  [ "$status" -lt 126 ] && exit 1
fi
take_text
[ "$clean" = 0 ] && [ "$layouts" = same ] && exit 0
echo "tandem: $path merged as text only, with a conflict: run 'tandem resolve'" >&2
exit 1
