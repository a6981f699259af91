/** Taking an apply back: what it did to each record is undone, and what was written in live since is kept. A three-way merge in which live always wins, deletions included. */
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Change } from '../model/change.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeRecord } from './record.ts'
import { sameContent } from './versions.ts'

type Records = ReadonlyMap<KeyText, RecordText>

export interface TakeBackInput {
  /** The records before the apply and after it; only those that it touched need to be there. */
  readonly before: Records
  readonly after: Records
  readonly live: Records
  readonly rules: MergeRules
}

export interface TakenBack {
  readonly changes: readonly Change[]
  /** Records that were written since and kept, wholly or in some fields. */
  readonly kept: readonly KeyText[]
}

const LATEST = Number.MAX_SAFE_INTEGER
/** Newer than everything else, so live's value stands wherever both changed one. */
const LIVE: WriterStamp = { asset: 'live', since: LATEST - 1, at: LATEST }
const FORMER: WriterStamp = { asset: '', since: 0, at: 1 }

/** The changes that give live its former records again. */
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

/** `whole`: nothing of live had to be kept. */
function formerOf(
  key: KeyText,
  step: Readonly<Record<'base' | 'ours' | 'theirs', RecordText | undefined>>,
  rules: MergeRules,
): { readonly text: RecordText | undefined; readonly whole: boolean } {
  const { base, ours, theirs } = step
  if (sameContent(base, ours, rules)) return { text: theirs, whole: true }
  if (base === undefined || ours === undefined || theirs === undefined) return { text: ours, whole: false }
  const merged = mergeRecord({ key, base, ours, theirs, rules, stamps: { ours: LIVE, theirs: FORMER }, join: true })
  return { text: merged.kind === 'merged' ? merged.text : ours, whole: false }
}
