/** Takes an apply back: its changes are undone, and everything written in live since is kept. This is a three-way merge in which live always wins, also with its deletions. */
import type { Records } from '../../model/records.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import { mergeRecord } from '../record.ts'
import { type Versions, sameContent } from '../versions.ts'

/** The records of one collection. `before` and `after` the apply need only hold the records that it changed. */
export interface TakeBackInput {
  readonly before: Records
  readonly after: Records
  readonly live: Records
  readonly rules: MergeRules
}

/** What has to be changed in live, and what is kept. */
export interface TakenBack {
  readonly changes: readonly Change[]
  /** Keys of records that were written since the apply and are kept, as a whole or in some fields. */
  readonly kept: readonly KeyText[]
}

const LATEST = Number.MAX_SAFE_INTEGER

/** Newer than everything else, so that live's value wins wherever both changed one. */
const LIVE: WriterStamp = { asset: 'live', since: LATEST - 1, at: LATEST }

const FORMER: WriterStamp = { asset: '', since: 0, at: 1 }

/** The changes that bring live back to its records before the apply. @throws SyntaxError when a record is no JSON object */
export function takeBack(input: TakeBackInput): TakenBack {
  const { before, after, live, rules } = input
  const changes: Change[] = []
  const kept: KeyText[] = []
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const step = { base: after.get(key), ours: live.get(key), theirs: before.get(key) }
    if (sameContent(step.base, step.theirs, rules) || sameContent(step.ours, step.theirs, rules)) continue
    const { text, whole } = formerOf(key, step, rules)
    if (!whole) kept.push(key)
    if (!sameContent(step.ours, text, rules)) changes.push({ key, before: step.ours, after: text })
  }
  return { changes, kept }
}

/** The record that live gets; `whole` is true when nothing written since had to be kept. */
function formerOf(
  key: KeyText,
  step: Versions,
  rules: MergeRules,
): { readonly text: RecordText | undefined; readonly whole: boolean } {
  const { base, ours, theirs } = step
  if (sameContent(base, ours, rules)) return { text: theirs, whole: true }
  if (base === undefined || ours === undefined || theirs === undefined) return { text: ours, whole: false }
  const merged = mergeRecord({ key, base, ours, theirs, rules, stamps: { ours: LIVE, theirs: FORMER }, join: true })
  return { text: merged.kind === 'merged' ? merged.text : ours, whole: false }
}
