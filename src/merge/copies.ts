/** Copies of a data commit: rebase, amend and cherry-pick keep its export id, the message of a squash quotes those of all its commits. */
import type { RecordText } from '../model/canonical.ts'
import type { HistoryCommit } from '../model/history.ts'
import type { MergeRules } from '../model/rules.ts'
import type { Sides } from './rule.ts'
import { sameContent } from './versions.ts'

type Named = Pick<HistoryCommit, 'exportId' | 'quoted'>

/** True when one is a copy of the other, or a squash that holds it. */
export function isCopyOf(a: Named, b: Named): boolean {
  return isIn(a, b) || isIn(b, a)
}

function isIn({ exportId }: Named, { exportId: id, quoted }: Named): boolean {
  return exportId !== undefined && (exportId === id || quoted.includes(exportId))
}

interface Copyable extends Named {
  readonly after: RecordText | undefined
}

/**
 * Leaves out events that reached both sides, once as themselves and once as a copy: they belong to the common past. A squash is the copy of all events it quotes, if the last
 * of them left the record as the squash did.
 */
export function withoutCopies<Event extends Copyable>(
  events: Sides<readonly Event[]>,
  rules: MergeRules,
): Sides<readonly Event[]> {
  const isSame = (a: Event, b: Event): boolean => isCopyOf(a, b) && sameContent(a.after, b.after, rules)
  const unique = (own: readonly Event[], other: readonly Event[]): readonly Event[] => {
    // squashes of the other side that are copies of what is here
    const squashes = other
      .filter(({ quoted }) => quoted.length > 0)
      .filter((squash) => own.some((each) => isSame(each, squash)))
    return own.filter(
      (event) => !other.some((each) => isSame(event, each)) && !squashes.some((squash) => isCopyOf(event, squash)),
    )
  }
  return { ours: unique(events.ours, events.theirs), theirs: unique(events.theirs, events.ours) }
}
