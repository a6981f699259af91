/** The whole-record rule: where the record that two sides make together is refused, the winner's is taken as it is. */
import { splitObject, type RecordText } from '../../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import { decidingText, type Side } from '../versions.ts'
import { compareStamps, compareTexts, stampRecord, type Verdict } from '../winner.ts'

export interface WholeRecord {
  readonly base: RecordText | undefined
  readonly ours: RecordText
  readonly theirs: RecordText
  readonly rules: MergeRules
  readonly stamps: Readonly<Record<Side, WriterStamp>>
}

/** Whose record is taken whole; symmetric in ours and theirs. */
export function wholeWinner({ base, ours, theirs, rules, stamps }: WholeRecord): Verdict {
  const before = base === undefined ? undefined : splitObject(base)
  const stamp = (text: RecordText, writer: WriterStamp): ReturnType<typeof stampRecord> =>
    stampRecord({ fields: splitObject(text), base: before, rules, writer })
  const verdict = compareStamps(stamp(ours, stamps.ours), stamp(theirs, stamps.theirs))
  return verdict ?? compareTexts(decidingText(ours, rules.order), decidingText(theirs, rules.order))
}
