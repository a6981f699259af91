/** Merges the records of one collection held in memory, touching only keys where the sides differ, and counts what happened. */
import { compareBytes, type KeyText, type RecordText } from '../model/canonical.ts'
import type { Change } from '../model/change.ts'
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
export interface Collision {
  readonly key: KeyText
  readonly kept: RecordText
  readonly moved: RecordText
  readonly keptSide: Side
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
  const { ours, rules } = input
  const merged = new Map(ours)
  const changes: Change[] = []
  const decisions: Decision[] = []
  const collisions: Collision[] = []
  let conflicts = 0
  for (const key of differingKeys(input)) {
    const outcome = mergeKey(input, key)
    const after = outcome.kind === 'merged' ? outcome.text : outcome.kept
    const decided = outcome.kind === 'merged' ? outcome.decisions : [outcome.decision]
    const before = ours.get(key)
    if (after === undefined) merged.delete(key)
    else merged.set(key, after)
    if (!sameContent(before, after, rules)) changes.push({ key, before, after })
    for (const decision of decided) decisions.push(decision)
    if (decided.length > 0) conflicts++
    if (outcome.kind === 'collision') {
      collisions.push({ key, kept: outcome.kept, moved: outcome.moved, keptSide: outcome.keptSide })
    }
  }
  const counts = { ...countKeys(input), changed: changes.length, conflicts, result: merged.size }
  return { merged, changes, decisions, collisions, counts }
}

/** Keys whose texts differ between the sides, by bytes: the same list on every machine, and equal records are never looked into. */
function differingKeys({ ours, theirs }: CollectionInput): KeyText[] {
  const keys: KeyText[] = []
  for (const [key, text] of ours) if (theirs.get(key) !== text) keys.push(key)
  for (const key of theirs.keys()) if (!ours.has(key)) keys.push(key)
  return keys.sort(compareBytes)
}

/** Stamps cost a walk through history: they are asked for only where both sides differ from the base. */
function mergeKey(input: CollectionInput, key: KeyText): RecordOutcome {
  const [base, ours, theirs] = [input.base.get(key), input.ours.get(key), input.theirs.get(key)]
  if (base === ours) return { kind: 'merged', text: theirs, decisions: [] }
  if (base === theirs) return { kind: 'merged', text: ours, decisions: [] }
  const { rules, join = false } = input
  return mergeRecord({ key, base, ours, theirs, rules, stamps: input.stampsOf(key), join })
}

function countKeys({ ours, theirs }: CollectionInput): Pick<MergeCounts, 'oursOnly' | 'theirsOnly' | 'common'> {
  let common = 0
  for (const key of theirs.keys()) if (ours.has(key)) common++
  return { oursOnly: ours.size - common, theirsOnly: theirs.size - common, common }
}
