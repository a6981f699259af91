/**
 * Who wins where both sides wrote a value differently: newest, then most complete, then asset, then value bytes. Every rule is a total order on facts of the two
 * sides, so every machine decides alike and it does not matter which side is ours.
 */
import { compareBytes, type ValueText } from '../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { countFilled } from './completeness.ts'
import { parseTimestamp } from './timestamp.ts'
import { decidingText, type FieldOrder, type Side } from './versions.ts'
import type { Write, Writes } from './writes.ts'

export type WinnerRule = 'newest' | 'most-complete' | 'asset' | 'bytes'

export interface Verdict {
  readonly side: Side
  readonly rule: WinnerRule
}

/** The facts of one side's record that decide; `time` in microseconds since 1970. */
export interface SideStamp {
  readonly time: bigint
  readonly filled: number
  readonly asset: string
}

type Fields = ReadonlyMap<string, ValueText>

export interface StampInput {
  readonly fields: Fields
  /** The record's fields in the base; `undefined` when it was not there. */
  readonly base: Fields | undefined
  readonly rules: MergeRules
  readonly writer: WriterStamp
}

/** The stamp of one side's record: its own time if that moved forward, else the writer's clock, never outside the interval (since, at] the writer wrote in. */
export function stampRecord({ fields, base, rules, writer }: StampInput): SideStamp {
  const first = BigInt(Math.trunc(writer.since) + 1) * 1000n
  const last = BigInt(Math.trunc(writer.at)) * 1000n
  const moved = movedTime({ fields, base, rules, writer })
  const time = moved === undefined || moved > last ? last : moved
  return { time: time < first ? first : time, filled: countFilled(fields, rules.derived), asset: writer.asset }
}

/** The record's own time, if it has a valid one that is later than in the base. */
function movedTime({ fields, base, rules }: StampInput): bigint | undefined {
  if (rules.newest === undefined) return undefined
  const time = parseTimestamp(fields.get(rules.newest), rules.zone)
  const before = parseTimestamp(base?.get(rules.newest), rules.zone)
  return time !== undefined && (before === undefined || time > before) ? time : undefined
}

/** Decides between two stamps; `undefined` when they are equal and only value bytes can tell. */
export function compareStamps(ours: SideStamp, theirs: SideStamp): Verdict | undefined {
  if (ours.time !== theirs.time) return { side: ours.time > theirs.time ? 'ours' : 'theirs', rule: 'newest' }
  if (ours.filled !== theirs.filled) return greater(ours.filled - theirs.filled, 'most-complete')
  const assets = compareBytes(ours.asset, theirs.asset)
  return assets === 0 ? undefined : greater(assets, 'asset')
}

/** The side of the greatest write to a value; undefined where nobody is known to have written it. Stamps first, then the bytes of what was written. */
export function greatestWrite(writes: Writes, order: FieldOrder): Verdict | undefined {
  const [ours, theirs] = [greatestOf(writes.ours, order), greatestOf(writes.theirs, order)]
  if (ours === undefined || theirs === undefined)
    return ours === theirs ? undefined : { side: ours === undefined ? 'theirs' : 'ours', rule: 'newest' }
  return compareWrites(ours, theirs, order)
}

function greatestOf(writes: readonly Write[], order: FieldOrder): Write | undefined {
  let greatest: Write | undefined
  for (const write of writes)
    if (greatest === undefined || compareWrites(write, greatest, order).side === 'ours') greatest = write
  return greatest
}

function compareWrites(ours: Write, theirs: Write, order: FieldOrder): Verdict {
  const verdict = compareStamps(ours.stamp, theirs.stamp)
  return verdict ?? compareTexts(decidingText(ours.after, order), decidingText(theirs.after, order))
}

/** The last rule: the greater value bytes. */
export function compareTexts(ours: string, theirs: string): Verdict {
  return greater(compareBytes(ours, theirs), 'bytes')
}

function greater(difference: number, rule: WinnerRule): Verdict {
  return { side: difference > 0 ? 'ours' : 'theirs', rule }
}
