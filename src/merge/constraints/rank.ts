/** Which of several records with different keys wins when only one of them may keep a value: the rules of winner.ts, applied to whole records. */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { documentFields } from '../../model/documents.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import type { SideStamp } from '../stamp.ts'
import { parseTimestamp } from '../values/timestamp.ts'
import { sameContent } from '../versions.ts'
import { type Winner, type WinnerRule, compareStamps, compareTexts, stampRecord } from '../winner.ts'
import { type DraftPart, type CollectionPast, recordAt } from './draft.ts'

/** A record in the order of winning. */
export interface Ranked {
  readonly key: KeyText
  /** The rule by which the winner won over this record; for the winner itself, over the next one. */
  readonly rule: WinnerRule
}

interface StampedRecord {
  readonly key: KeyText
  readonly text: RecordText
  readonly stamp: SideStamp
}

/** The records of these keys, the winner first, in the same order on every machine. */
export function rank(part: DraftPart, past: CollectionPast, keys: readonly KeyText[]): Ranked[] {
  const candidates = keys.map((key): StampedRecord => {
    const text = recordAt(part, key) as RecordText
    const stamps = writersOf(part, past, key).map((writer) => ({ key, text, stamp: stampOf(text, part.rules, writer) }))
    return stamps.reduce((best, each) => (compare(best, each).side === 'ours' ? best : each))
  })
  const sorted = candidates.sort((a, b) => (compare(a, b).side === 'ours' ? -1 : 1))
  const [winner, next] = sorted
  if (winner === undefined) return []
  return sorted.map((each) => ({ key: each.key, rule: compare(winner, each === winner ? (next ?? each) : each).rule }))
}

function compare(a: StampedRecord, b: StampedRecord): Winner {
  return compareStamps(a.stamp, b.stamp) ?? compareTexts(`${a.text} ${a.key}`, `${b.text} ${b.key}`)
}

const NOBODY: WriterStamp = { asset: '', since: 0, at: 1 }

/**
 * Who wrote the record in the draft. A record that theirs holds was committed; one that only ours holds was not committed yet; a merged record was written by both. A record that
 * is as it was before the sides parted was written by nobody.
 */
function writersOf(part: DraftPart, past: CollectionPast, key: KeyText): [WriterStamp, ...WriterStamp[]] {
  const { rules } = part
  const [text, ours] = [recordAt(part, key) as RecordText, part.ours.get(key)]
  const origin = past.former.at(-1)?.get(key)
  if (origin !== undefined && sameContent(text, origin, rules)) return [NOBODY]
  const isCommitted = sameContent(text, past.theirs.get(key), rules)
  const isUntouched = sameContent(ours, past.former[0]?.get(key), rules)
  if (isUntouched || (isCommitted && !sameContent(text, ours, rules))) return [past.committed(key, text)]
  // also where both sides wrote the same
  if (isCommitted) return [past.uncommitted, past.committed(key, text)]
  return sameContent(text, ours, rules) ? [past.uncommitted] : [past.uncommitted, past.committed(key, text)]
}

/** The stamp of a record for which no base is known. If its own time is before the writer's interval, this writer did not set it, and the writer's clock is used. */
function stampOf(text: RecordText, rules: MergeRules, writer: WriterStamp): SideStamp {
  const fields = documentFields(text)
  const own = rules.newest === undefined ? undefined : parseTimestamp(fields.get(rules.newest), rules.zone)
  const isOld = own !== undefined && own <= BigInt(Math.trunc(writer.since)) * 1000n
  return stampRecord({ fields, base: isOld ? fields : undefined, rules, writer })
}
