#!/bin/sh
# The merge driver: sh merge-driver.sh %O %A %B %L %P (base, ours and result, theirs, marker size, path). It first tries
# git's own text merge, which takes 5 ms. A text merge of record files without a conflict is right, because each line is
# one record and the lines are sorted. The program is started only for the rest, and only once in a merge: it then
# merges all files that git will come with, and the later calls take its results, without a text merge where the program
# knows that it meets a conflict. A merge can have hundreds of files, and most of what this script takes are the processes
# that it starts. If there is no program, the result is the text merge with conflict markers; with no merge driver at all,
# git would leave ours there without any marker.
# Exit code: 0 merged, 1 conflict. Installed as <common git dir>/tandem/merge-driver.sh.

here=${0%/*}
base=$1 ours=$2 theirs=$3 size=$4 path=$5
text=$ours.tandem result=$ours.kept
trap 'rm -f "$text" "$result"' EXIT
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

# Sets $state to what the program got from git when it kept results: the commits of HEAD and of the refs by which git names
# one that it takes in. Here their files are read, since that starts no process; git is asked where one has no id in it.
find_state() {
  refs='HEAD MERGE_HEAD REBASE_HEAD CHERRY_PICK_HEAD REVERT_HEAD'
  state_in_files && return
  # shellcheck disable=SC2086 # a line for each ref
  state=$(printf '%s\n' $refs | git cat-file --batch-check='%(objectname)' 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # the words of all lines
  set -- $state
  state=$*
}

state_in_files() {
  state=
  for ref in $refs; do
    if [ -f "$git_dir/$ref" ]; then
      read -r id <"$git_dir/$ref"
      case $id in 'ref: refs/heads/'*)
        id=$here/../${id#ref: }
        [ -f "$id" ] || return 1
        read -r id <"$id"
        ;;
      esac
      case $id in '' | *[!0-9a-f]*) return 1 ;; esac
    else
      [ "$ref" != HEAD ] || return 1
      id="$ref missing"
    fi
    state="$state${state:+ }$id"
  done
}

# Looks for what an earlier call in this merge has kept for exactly these commits, texts, path, configuration and program
# (src/operations/merge-driver/results.ts has the form). If it is there and whole, it is put into $result, and $found is
# "conflict" when a text merge of these texts is known to meet one, else "result".
find_kept() {
  found=
  git_dir=${GIT_DIR:-.git}
  kept=$here/merging/${git_dir##*/}
  [ -f "$kept/files/$path" ] && [ -f "$kept/merge" ] || return
  {
    IFS= read -r program
    read -r merged
    read -r kept_state
  } <"$kept/merge"
  # git names the commit that a merge takes in by a variable; in a rebase or a cherry-pick there is none
  case $(export -p) in
  *GITHEAD_*GITHEAD_*) return ;;
  *GITHEAD_"$merged"=*) ;;
  *GITHEAD_*) return ;;
  *) [ -z "$merged" ] || return ;;
  esac
  find_state && [ "$state" = "$kept_state" ] || return
  {
    IFS= read -r kept_path
    read -r conflict_base of others
    [ "$kept_path" = "$path" ] && cat >"$result" || return
  } <"$kept/files/$path"
  set -- "$ours" "$theirs" "$result" tandem.config.json "$program"
  [ ! -f "$here/../shallow" ] || set -- "$@" "$here/../shallow"
  ids=$(git hash-object --no-filters "$base" "$@" 2>/dev/null) || return
  # shellcheck disable=SC2086 # an id for each file
  set -- $ids
  base_id=$1
  shift
  [ "$others" = "$*" ] || return
  if [ "$conflict_base" = "$base_id" ]; then
    found=conflict
  elif [ "$of" = any ] || [ "$of" = "$base_id" ]; then
    found=result
  fi
}

# Makes what was found the result, and ends. It is a file that is known to be whole, and is renamed: on a full disk, ours
# must stay what it is.
take_kept() {
  mv -f "$result" "$ours" || return 1
  trap - EXIT
  [ ! -f "$text" ] || rm -f "$text"
  exit 0
}

case $path in
*.jsonl)
  find_kept
  [ "$found" = conflict ] && take_kept
  ;;
esac

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

[ -n "$found" ] && take_kept

# shellcheck source=hooks/command.sh
. "$here/command.sh"
if find_tandem; then
  # tells the program that results which it keeps will be looked for
  export TANDEM_LOOKS_FOR_MERGES=2
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
