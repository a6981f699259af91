/** Copies of a data commit. Rebase, amend and cherry-pick keep its export id; the message of a squash quotes the export ids of all commits in it. */
import type { Sides } from '../../model/side.ts'
import type { RecordText } from '../../model/canonical.ts'
import type { HistoryCommit, RecordHistory } from '../../model/history.ts'
import type { MergeRules } from '../../model/rules.ts'
import { sameContent } from '../versions.ts'

type Named = Pick<HistoryCommit, 'exportId' | 'quoted'>

/** True when one commit is a copy of the other, or a squash that contains it. */
export function isCopyOf(a: Named, b: Named): boolean {
  return isIn(a, b) || isIn(b, a)
}

function isIn({ exportId }: Named, { exportId: id, quoted }: Named): boolean {
  return exportId !== undefined && (exportId === id || quoted.includes(exportId))
}

/** How `RecordHistory.copies` is computed from its other answers. */
export function copiesOf(
  history: Pick<RecordHistory, 'region' | 'isAncestor'> & {
    commit(id: string): Named & Pick<HistoryCommit, 'id' | 'parents'>
  },
  of: string,
  known: string,
): Map<string, readonly string[]> {
  const own = history.region([of], [known]).map((id) => history.commit(id))
  const named = own.filter(({ exportId, quoted }) => exportId !== undefined || quoted.length > 0)
  if (named.length === 0) return new Map()
  const inside = new Set(own.map(({ id }) => id))
  // whatever a copy was made of lies behind a commit on which this side stands
  const feet = new Set(own.flatMap(({ parents }) => parents).filter((id) => !inside.has(id)))
  const seen = new Set([...feet].flatMap((foot) => history.region([known], [foot])))
  if (feet.size === 0) for (const id of history.region([known], [of])) seen.add(id)
  const byName = new Map<string, string[]>()
  for (const id of seen)
    for (const name of namesOf(history.commit(id))) byName.set(name, [...(byName.get(name) ?? []), id])
  return new Map(
    named.flatMap((commit): [string, readonly string[]][] => {
      const ids = new Set(namesOf(commit).flatMap((name) => byName.get(name) ?? []))
      const copies = [...ids].filter((id) => isCopyOf(commit, history.commit(id)) && !history.isAncestor(id, commit.id))
      return copies.length === 0 ? [] : [[commit.id, copies]]
    }),
  )
}

function namesOf({ exportId, quoted }: Named): string[] {
  return [...new Set([...(exportId === undefined ? [] : [exportId]), ...quoted])]
}

interface Copyable extends Named {
  readonly after: RecordText | undefined
}

/**
 * The events of each side without those that reached both sides, once as the original and once as a copy: they belong to the common past. A squash counts as the copy of all
 * events it quotes, if one of them left the record as the squash did.
 */
export function withoutCopiedEvents<Event extends Copyable>(
  events: Sides<readonly Event[]>,
  rules: MergeRules,
): Sides<readonly Event[]> {
  const isSame = (a: Event, b: Event): boolean => isCopyOf(a, b) && sameContent(a.after, b.after, rules)
  const unique = (own: readonly Event[], other: readonly Event[]): readonly Event[] => {
    // squashes of the other side that contain commits of this side
    const squashes = other
      .filter(({ quoted }) => quoted.length > 0)
      .filter((squash) => own.some((each) => isSame(each, squash)))
    return own.filter(
      (event) => !other.some((each) => isSame(event, each)) && !squashes.some((squash) => isCopyOf(event, squash)),
    )
  }
  return { ours: unique(events.ours, events.theirs), theirs: unique(events.theirs, events.ours) }
}
