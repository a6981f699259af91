/** Whose whole record is taken when a database refuses the record merged from both sides. */
import type { Sides } from '../../model/side.ts'
import type { RecordText } from '../../model/canonical.ts'
import { documentFields } from '../../model/documents.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import { decidingText } from '../versions.ts'
import { type Winner, compareStamps, compareTexts, stampRecord } from '../winner.ts'

/** The record on both sides, and who wrote each. */
export interface WholeRecord {
  readonly base: RecordText | undefined
  readonly ours: RecordText
  readonly theirs: RecordText
  readonly rules: MergeRules
  readonly stamps: Sides<WriterStamp>
}

/** The side whose record is taken as a whole, by the rules of winner.ts. The same record is chosen whichever side is ours. */
export function wholeWinner({ base, ours, theirs, rules, stamps }: WholeRecord): Winner {
  const before = base === undefined ? undefined : documentFields(base)
  const stamp = (text: RecordText, writer: WriterStamp): ReturnType<typeof stampRecord> =>
    stampRecord({ fields: documentFields(text), base: before, rules, writer })
  const verdict = compareStamps(stamp(ours, stamps.ours), stamp(theirs, stamps.theirs))
  return verdict ?? compareTexts(decidingText(ours, rules.order), decidingText(theirs, rules.order))
}
