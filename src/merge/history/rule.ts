/** What the files of the merge rule over history share: the history of one record, and what they compute for each other. Separate, because those files call each other in a circle. */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { RecordHistory } from '../../model/history.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { RecordEvent, RecordOutcome } from './sides.ts'

/** An event and the commit that made it. */
export interface LocatedEvent extends RecordEvent {
  readonly commit: string
  readonly exportId: string | undefined
  /** The export ids of the data commits that a squash put together; empty for every other commit. */
  readonly quoted: readonly string[]
}

/** The merge rule for one record. Each answer is computed once and remembered. */
export interface Rule {
  readonly key: KeyText
  readonly rules: MergeRules
  readonly history: RecordHistory
  /** The record at a commit as the rule gives it. The file of the commit (its content) may lack what a merge dropped. */
  state(id: string): RecordText | undefined
  /** The record as it would be at the commit if the commit had written nothing: its parent's state, or the merge of its parents. */
  expected(id: string): RecordText | undefined
  /** What a commit wrote; undefined when it wrote nothing to the record. */
  event(id: string): LocatedEvent | undefined
  /** The record at a commit or, where it is deleted, as it was before; undefined when it never existed. */
  undeleted(id: string): RecordText | undefined
  /** The merge of two commits. Swapping them gives the same record. */
  merge(ours: string, theirs: string): RecordOutcome
}

/** The events of the commits `of` and their ancestors, without those of `without` and their ancestors. */
export function eventsIn(rule: Rule, of: readonly string[], without: readonly string[]): LocatedEvent[] {
  return rule.history.region(of, without).flatMap((id) => rule.event(id) ?? [])
}
