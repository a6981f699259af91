/** Which of several records wins when only one may stay as it is: the rules that decide between two sides, over whole records of different keys. */
import { splitObject, type KeyText, type RecordText } from '../../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import { parseTimestamp } from '../timestamp.ts'
import { sameContent } from '../versions.ts'
import { compareStamps, compareTexts, stampRecord, type SideStamp, type WinnerRule } from '../winner.ts'
import { recordAt, type DraftPart, type Past } from './draft.ts'

export interface Ranked {
  readonly key: KeyText
  /** Why the winner won over it; of the winner itself, over the next. */
  readonly rule: WinnerRule
}

interface Candidate {
  readonly key: KeyText
  readonly text: RecordText
  readonly stamp: SideStamp
}

/** The records, the winner first; the same order on every machine. */
export function rank(part: DraftPart, past: Past, keys: readonly KeyText[]): Ranked[] {
  const candidates = keys.map((key): Candidate => {
    const text = recordAt(part, key) as RecordText
    const stamps = writersOf(part, past, key).map((writer) => ({ key, text, stamp: stampOf(text, part.rules, writer) }))
    return stamps.reduce((best, each) => (compare(best, each).side === 'ours' ? best : each))
  })
  const sorted = candidates.sort((a, b) => (compare(a, b).side === 'ours' ? -1 : 1))
  const [winner, next] = sorted
  if (winner === undefined) return []
  return sorted.map((each) => ({ key: each.key, rule: compare(winner, each === winner ? (next ?? each) : each).rule }))
}

function compare(a: Candidate, b: Candidate): { readonly side: 'ours' | 'theirs'; readonly rule: WinnerRule } {
  return compareStamps(a.stamp, b.stamp) ?? compareTexts(`${a.text} ${a.key}`, `${b.text} ${b.key}`)
}

const NOBODY: WriterStamp = { asset: '', since: 0, at: 1 }

/** What theirs holds is committed, what only ours holds is not yet; a record made of both was written by both, and one that is as it was before the sides parted, by nobody. */
function writersOf(part: DraftPart, past: Past, key: KeyText): [WriterStamp, ...WriterStamp[]] {
  const { rules } = part
  const [text, ours] = [recordAt(part, key) as RecordText, part.ours.get(key)]
  const origin = past.former.at(-1)?.get(key)
  if (origin !== undefined && sameContent(text, origin, rules)) return [NOBODY]
  const isCommitted = sameContent(text, past.theirs.get(key), rules)
  if (isCommitted || sameContent(ours, past.former[0]?.get(key), rules)) return [past.committed(key, text)]
  return sameContent(text, ours, rules) ? [past.uncommitted] : [past.uncommitted, past.committed(key, text)]
}

/** Without a base to tell whether the record's own time moved: one from before the writer's interval did not, and the writer's clock counts. */
function stampOf(text: RecordText, rules: MergeRules, writer: WriterStamp): SideStamp {
  const fields = splitObject(text)
  const own = rules.newest === undefined ? undefined : parseTimestamp(fields.get(rules.newest), rules.zone)
  const isOld = own !== undefined && own <= BigInt(Math.trunc(writer.since)) * 1000n
  return stampRecord({ fields, base: isOld ? fields : undefined, rules, writer })
}
