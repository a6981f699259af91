/**
 * Who wins where both sides wrote a value differently: the newest write, then the one of the most complete record, then of the asset whose name comes last, then the greatest
 * bytes. The comparison only uses facts about the two writes, so every machine decides alike, and it does not matter which side is ours.
 */
import type { Side } from '../model/side.ts'
import { type FieldValues, compareBytes } from '../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { countFilled } from './values/completeness.ts'
import type { SideStamp } from './stamp.ts'
import { parseTimestamp } from './values/timestamp.ts'
import { type FieldOrder, decidingText } from './versions.ts'
import type { ValueWrite, Writes } from './history/writes.ts'

/** The rule that decided between two writes. */
export type WinnerRule = 'newest' | 'most-complete' | 'asset' | 'bytes'

/** The side that wins, and why. */
export interface Winner {
  readonly side: Side
  readonly rule: WinnerRule
}

/** The record that a write left, the record before it, and who wrote it. */
export interface StampInput {
  readonly fields: FieldValues
  /** The record's fields before the write; undefined when the record was absent. */
  readonly base: FieldValues | undefined
  readonly rules: MergeRules
  readonly writer: WriterStamp
}

/** The stamp of a write: the record's own time if the write moved it forward, else the writer's clock. The time always lies in the writer's interval (since, at]. */
export function stampRecord({ fields, base, rules, writer }: StampInput): SideStamp {
  const first = BigInt(Math.trunc(writer.since) + 1) * 1000n
  const last = BigInt(Math.trunc(writer.at)) * 1000n
  const moved = movedTime({ fields, base, rules, writer })
  const time = moved === undefined || moved > last ? last : moved
  return { time: time < first ? first : time, filled: countFilled(fields, rules.derived), asset: writer.asset }
}

/** The record's own time in microseconds; undefined when it has no valid one or it is not later than before the write. */
function movedTime({ fields, base, rules }: StampInput): bigint | undefined {
  if (rules.newest === undefined) return undefined
  const time = parseTimestamp(fields.get(rules.newest), rules.zone)
  const before = parseTimestamp(base?.get(rules.newest), rules.zone)
  return time !== undefined && (before === undefined || time > before) ? time : undefined
}

/** The winner of two stamps; undefined when they are equal, so that the bytes of the values have to decide. */
export function compareStamps(ours: SideStamp, theirs: SideStamp): Winner | undefined {
  if (ours.time !== theirs.time) return { side: ours.time > theirs.time ? 'ours' : 'theirs', rule: 'newest' }
  if (ours.filled !== theirs.filled) return greater(ours.filled - theirs.filled, 'most-complete')
  const assets = compareBytes(ours.asset, theirs.asset)
  return assets === 0 ? undefined : greater(assets, 'asset')
}

/** The side with the greatest write to a value, compared by stamp and then by the bytes of the written value; undefined when no write is known. */
export function greatestWrite(writes: Writes, order: FieldOrder): Winner | undefined {
  const [ours, theirs] = [greatestOf(writes.ours, order), greatestOf(writes.theirs, order)]
  if (ours === undefined || theirs === undefined)
    return ours === theirs ? undefined : { side: ours === undefined ? 'theirs' : 'ours', rule: 'newest' }
  return compareWrites(ours, theirs, order)
}

function greatestOf(writes: readonly ValueWrite[], order: FieldOrder): ValueWrite | undefined {
  let greatest: ValueWrite | undefined
  for (const write of writes)
    if (greatest === undefined || compareWrites(write, greatest, order).side === 'ours') greatest = write
  return greatest
}

function compareWrites(ours: ValueWrite, theirs: ValueWrite, order: FieldOrder): Winner {
  const verdict = compareStamps(ours.stamp, theirs.stamp)
  return verdict ?? compareTexts(decidingText(ours.after, order), decidingText(theirs.after, order))
}

/** The last rule: the text with the greater bytes wins. */
export function compareTexts(ours: string, theirs: string): Winner {
  return greater(compareBytes(ours, theirs), 'bytes')
}

function greater(difference: number, rule: WinnerRule): Winner {
  return { side: difference > 0 ? 'ours' : 'theirs', rule }
}
