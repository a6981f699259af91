/** The three-way merge of one record: the table of who touched it, then fields, collisions and deletions. Pure, so that every machine decides alike. */
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Decision } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeFields } from './fields.ts'
import { areTwoRecords, firstCommitted } from './identity.ts'
import { type Side, sameContent, type Versions } from './versions.ts'

export interface RecordInput extends Versions {
  readonly key: KeyText
  readonly rules: MergeRules
  /** Who wrote each side, and when at the earliest and at the latest. */
  readonly stamps: Readonly<Record<Side, WriterStamp>>
  /** Joining two copies of one database: a key is always the identity, whatever the rules say. */
  readonly join?: boolean
}

/** `collision`: both sides added different records under one key. The key holds `kept`; `moved` needs a new one and is nowhere else. */
export type RecordOutcome =
  | { readonly kind: 'merged'; readonly text: RecordText | undefined; readonly decisions: readonly Decision[] }
  | {
      readonly kind: 'collision'
      readonly kept: RecordText
      readonly moved: RecordText
      readonly keptSide: Side
      readonly decision: Decision
    }

/**
 * Merges one record. A side that did not touch it since the base leaves it to the other, deletions too; an edit beats a deletion; two edits merge field by field.
 * Swapping ours and theirs gives the same text and the same choices. Every value that loses is in a decision. A derived field alone is no change.
 * @throws SyntaxError when a text is no JSON object
 */
export function mergeRecord(input: RecordInput): RecordOutcome {
  const { base, ours, theirs, rules } = input
  if (ours === theirs) return merged(ours)
  if (ours !== undefined && theirs !== undefined && sameContent(ours, theirs, rules))
    return mergeBoth(input, ours, theirs)
  if (sameContent(base, ours, rules)) return merged(theirs)
  if (sameContent(base, theirs, rules)) return merged(ours)
  if (ours === undefined || theirs === undefined) return keepEdited(input)
  if (base === undefined && input.join !== true && areTwoRecords({ ours, theirs }, rules)) {
    return collide(input, { ours, theirs })
  }
  return mergeBoth(input, ours, theirs)
}

function merged(text: RecordText | undefined, decisions: readonly Decision[] = []): RecordOutcome {
  return { kind: 'merged', text, decisions }
}

function mergeBoth(input: RecordInput, ours: RecordText, theirs: RecordText): RecordOutcome {
  const { base, rules, stamps } = input
  const { text, conflicts } = mergeFields({ base, ours, theirs, rules, stamps })
  const decisions = conflicts.map((conflict): Decision => {
    const kind = conflict.rule === 'keep' ? 'edit-delete' : base === undefined ? 'add-add' : 'edit-edit'
    return { collection: rules.collection, key: input.key, kind, ...conflict }
  })
  return merged(text, decisions)
}

/** One side deleted what the other edited: the edited record stays whole. */
function keepEdited(input: RecordInput): RecordOutcome {
  const chosen = input.ours ?? input.theirs
  return merged(chosen, [wholeRecord(input, { kind: 'edit-delete', rule: 'keep', chosen })])
}

function collide(input: RecordInput, added: { readonly ours: RecordText; readonly theirs: RecordText }): RecordOutcome {
  const keptSide = firstCommitted(added, input.stamps)
  const kept = added[keptSide]
  const moved = added[keptSide === 'ours' ? 'theirs' : 'ours']
  const decision = wholeRecord(input, { kind: 'key-collision', rule: 'first-committed', chosen: kept })
  return { kind: 'collision', kept, moved, keptSide, decision }
}

function wholeRecord(input: RecordInput, decided: Pick<Decision, 'kind' | 'rule' | 'chosen'>): Decision {
  const { key, base, ours, theirs, rules } = input
  return { collection: rules.collection, key, field: undefined, base, ours, theirs, ...decided }
}
