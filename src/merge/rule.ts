/** What the parts of the merge rule over history share: one record's history, and the answers they ask each other for. Separate, because the parts call each other in a circle. */
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { RecordHistory } from '../model/history.ts'
import type { MergeRules } from '../model/rules.ts'
import type { RecordEvent, RecordOutcome } from './sides.ts'
import type { Side } from './versions.ts'

/** An event and the commit it is of. */
export interface LocatedEvent extends RecordEvent {
  readonly commit: string
  readonly exportId: string | undefined
  /** Ids of the data commits that the commit, a squash, put together. */
  readonly quoted: readonly string[]
}

export type Sides<Thing> = Readonly<Record<Side, Thing>>

/** Every answer is computed once. */
export interface Rule {
  readonly key: KeyText
  readonly rules: MergeRules
  readonly history: RecordHistory
  /** What the rule says a commit holds, where its file (the content) may say less: a merge that dropped something. */
  state(id: string): RecordText | undefined
  /** What the commit would hold had it written nothing. */
  expected(id: string): RecordText | undefined
  /** What a commit wrote; undefined for nothing. */
  event(id: string): LocatedEvent | undefined
  /** What a commit holds, or, of an absent record, held before it was deleted; undefined when it never was there. */
  undeleted(id: string): RecordText | undefined
  /** The merge of two commits; symmetric. */
  merge(ours: string, theirs: string): RecordOutcome
}

/** The events of commits in the history of `of` and not in that of `without`. */
export function eventsIn(rule: Rule, of: readonly string[], without: readonly string[]): LocatedEvent[] {
  return rule.history.region(of, without).flatMap((id) => rule.event(id) ?? [])
}
