/** Merges the records of one collection held in memory, touching only keys where the sides differ, and counts what happened. */
import { compareBytes, type KeyText, type RecordText } from '../model/canonical.ts'
import { setRecord, type Change } from '../model/change.ts'
import type { Decision, MergeCounts } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeRecord, type RecordOutcome } from './record.ts'
import { type Side, sameContent } from './versions.ts'

type Records = ReadonlyMap<KeyText, RecordText>

export interface CollectionInput {
  readonly base: Records
  readonly ours: Records
  readonly theirs: Records
  readonly rules: MergeRules
  /** Asked only for keys whose three texts all differ. */
  readonly stampsOf: (key: KeyText) => Readonly<Record<Side, WriterStamp>>
  /** Joining two copies of one database: a key is always the identity. */
  readonly join?: boolean
}

/** Two different records added under one key: `moved` is in neither `merged` nor `changes` until it is given a new key. */
export interface Collision extends Omit<Extract<RecordOutcome, { readonly kind: 'collision' }>, 'kind' | 'decision'> {
  readonly key: KeyText
}

export interface MergedCollection {
  readonly merged: Map<KeyText, RecordText>
  /** From ours to merged, by key bytes; a difference in derived fields or field order alone is none. */
  readonly changes: readonly Change[]
  /** By key bytes, then in field order. */
  readonly decisions: readonly Decision[]
  readonly collisions: readonly Collision[]
  readonly counts: MergeCounts
}

/**
 * Merges one collection. `collection` of every decision is `rules.collection`.
 * @throws SyntaxError when a record that has to be looked into is no JSON object
 */
export function mergeCollection(input: CollectionInput): MergedCollection {
  const { ours, theirs, rules } = input
  const { differing, common } = compareKeys(input)
  const merged = new Map(ours)
  const changes: Change[] = []
  const decisions: Decision[] = []
  const collisions: Collision[] = []
  let conflicts = 0
  for (const key of differing) {
    const outcome = mergeKey(input, key)
    const after = outcome.kind === 'merged' ? outcome.text : outcome.kept
    const decided = outcome.kind === 'merged' ? outcome.decisions : [outcome.decision]
    const before = ours.get(key)
    setRecord(merged, key, after)
    if (!sameContent(before, after, rules)) changes.push({ key, before, after })
    for (const decision of decided) decisions.push(decision)
    if (decided.length > 0) conflicts++
    if (outcome.kind === 'collision') {
      const { kept, moved, keptSide, added } = outcome
      collisions.push({ key, kept, moved, keptSide, added })
    }
  }
  const sides = { oursOnly: ours.size - common, theirsOnly: theirs.size - common, common }
  const counts = { ...sides, changed: changes.length, conflicts, result: merged.size }
  return { merged, changes, decisions, collisions, counts }
}

interface ComparedKeys {
  /** Keys whose texts differ between the sides, by bytes: the same list on every machine, and equal records are never looked into. */
  readonly differing: readonly KeyText[]
  readonly common: number
}

/** One pass over ours, and over theirs only if it has keys that ours lacks. */
function compareKeys({ ours, theirs }: CollectionInput): ComparedKeys {
  const differing: KeyText[] = []
  let common = 0
  for (const [key, text] of ours) {
    const other = theirs.get(key)
    if (other !== undefined) common++
    if (other !== text) differing.push(key)
  }
  if (common < theirs.size) for (const key of theirs.keys()) if (!ours.has(key)) differing.push(key)
  return { differing: differing.sort(compareBytes), common }
}

/** Stamps cost a walk through history: they are asked for only where both sides differ from the base. */
function mergeKey(input: CollectionInput, key: KeyText): RecordOutcome {
  const [base, ours, theirs] = [input.base.get(key), input.ours.get(key), input.theirs.get(key)]
  if (base === ours) return { kind: 'merged', text: theirs, decisions: [] }
  if (base === theirs) return { kind: 'merged', text: ours, decisions: [] }
  const { rules, join = false } = input
  return mergeRecord({ key, base, ours, theirs, rules, stamps: input.stampsOf(key), join })
}
