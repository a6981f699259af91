/** Merges the records of one collection in memory and counts what was merged. Records that are equal on both sides are not looked into. */
import type { Sides } from '../model/side.ts'
import type { Records } from '../model/records.ts'
import { type KeyText, type RecordText, compareBytes } from '../model/canonical.ts'
import { type Change, setRecord } from '../model/change.ts'
import type { Decision, MergeCounts } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeRecord } from './record.ts'
import type { RecordOutcome } from './history/sides.ts'
import { sameContent } from './versions.ts'

/** The records of one collection in its three versions, and how they merge. */
export interface CollectionInput {
  readonly base: Records
  readonly ours: Records
  readonly theirs: Records
  readonly rules: MergeRules
  /** Who wrote the record on each side. Called only for keys whose three texts all differ. */
  readonly stampsOf: (key: KeyText) => Sides<WriterStamp>
  /** True when two copies of one database are joined: records with the same key are then always the same record. */
  readonly join?: boolean
}

/** Two different records that were added under one key. `moved` is the one that loses the key: it is in neither `merged` nor `changes` and needs a new key. */
export interface Collision extends Omit<Extract<RecordOutcome, { readonly kind: 'collision' }>, 'kind' | 'decision'> {
  readonly key: KeyText
}

/** The merged records of a collection, and what was decided. */
export interface MergedCollection {
  readonly merged: Map<KeyText, RecordText>
  /** The changes that turn ours into `merged`, sorted by key bytes. A record that differs only in derived fields or field order is not among them. */
  readonly changes: readonly Change[]
  /** Sorted by key bytes, and within a record in field order. */
  readonly decisions: readonly Decision[]
  readonly collisions: readonly Collision[]
  readonly counts: MergeCounts
}

/**
 * Merges the records of one collection.
 * @throws SyntaxError when a record that differs between the sides is no JSON object
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
  /** Keys whose texts differ between the sides, sorted by bytes so that the list is the same on every machine. */
  readonly differing: readonly KeyText[]
  /** Number of keys that both sides have. */
  readonly common: number
}

/** One pass over ours; a second one over theirs only if theirs has keys that ours lacks. */
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

/** Stamps are read from history, which takes time: `stampsOf` is called only where both sides differ from the base. */
function mergeKey(input: CollectionInput, key: KeyText): RecordOutcome {
  const [base, ours, theirs] = [input.base.get(key), input.ours.get(key), input.theirs.get(key)]
  if (base === ours) return { kind: 'merged', text: theirs, decisions: [] }
  if (base === theirs) return { kind: 'merged', text: ours, decisions: [] }
  const { rules, join = false } = input
  return mergeRecord({ key, base, ours, theirs, rules, stamps: input.stampsOf(key), join })
}
