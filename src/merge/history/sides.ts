/** Merges one record from two sides, each with its state and with what it wrote since the common past. Pure, so that every machine decides alike. */
import type { Side, Sides } from '../../model/side.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Decision } from '../../model/decision.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'
import { mergeFields } from '../values/fields.ts'
import { firstCommitted } from '../identity.ts'
import { sameContent } from '../versions.ts'
import { stampRecord } from '../winner.ts'
import { type ValueWrite, type Writes, fieldsOf } from './writes.ts'

/** What one commit did to a record: it wrote it, or deleted it (`after` is undefined). `before` is the record as it would be if the commit had written nothing. */
export interface RecordEvent {
  readonly before: RecordText | undefined
  readonly after: RecordText | undefined
  /** Set when the commit brought a deleted record back: the record before it was deleted. */
  readonly former?: RecordText | undefined
  /** True when the record came back from a file that had kept it: only the values that the commit changed were written. Otherwise all of its fields were written. */
  readonly isRevived?: boolean
  readonly writer: WriterStamp
  /** The export id of the data commit, which its copies keep. */
  readonly exportId?: string | undefined
}

/** One side of a record: its state, the record before it was deleted, and the events on this side since the common past. */
export interface RecordSide {
  readonly text: RecordText | undefined
  readonly former: RecordText | undefined
  readonly events: readonly RecordEvent[]
}

/** A record as it was added, and who added it. */
export interface Added {
  readonly text: RecordText
  readonly writer: WriterStamp
}

/** One record on both sides. */
export interface SidesInput {
  readonly key: KeyText
  readonly rules: MergeRules
  /** Only for reports, and for values that no known event wrote. */
  readonly base: RecordText | undefined
  readonly sides: Sides<RecordSide>
  /** True when a write of the record is covered by no delete: it stays, even where one side deleted it. */
  readonly isAlive: boolean
  /** Set when the sides added different records under this key: each as it was added. */
  readonly added?: Sides<Added> | undefined
}

/** `collision`: the sides added different records under one key. `kept` keeps it; `moved` needs a new key, and the caller must place it. */
export type RecordOutcome =
  | { readonly kind: 'merged'; readonly text: RecordText | undefined; readonly decisions: readonly Decision[] }
  | {
      readonly kind: 'collision'
      readonly kept: RecordText
      readonly moved: RecordText
      readonly keptSide: Side
      readonly added: Sides<Added>
      readonly decision: Decision
    }

/**
 * Merges one record. Where only one side wrote or deleted it, that side's record is taken. A record that one side edited and the other deleted is kept. Two edits are merged
 * field by field, each value from its greatest write. Swapping ours and theirs gives the same text and the same choices, and every value that loses is in a decision.
 * @throws SyntaxError when a text is no JSON object
 */
export function mergeSides(input: SidesInput): RecordOutcome {
  const { ours, theirs } = input.sides
  if (ours.text === undefined && theirs.text === undefined) return merged(undefined)
  if (input.added !== undefined && ours.text !== undefined && theirs.text !== undefined)
    return collide(input, { ours: ours.text, theirs: theirs.text }, input.added)
  if (isSettled(input)) return merged(theirs.events.length === 0 ? ours.text : theirs.text)
  if (!input.isAlive) return merged(undefined)
  if (ours.text !== undefined && theirs.text !== undefined)
    return mergeTexts(input, { ours: ours.text, theirs: theirs.text })
  return keepEdited(input)
}

function merged(text: RecordText | undefined, decisions: readonly Decision[] = []): RecordOutcome {
  return { kind: 'merged', text, decisions }
}

/** True when one side has no events. Sides with the same content but different texts are not settled: which text is taken has to be decided value by value. */
function isSettled({ sides: { ours, theirs }, rules }: SidesInput): boolean {
  if (ours.events.length > 0 && theirs.events.length > 0) return false
  const isSame = ours.text !== undefined && theirs.text !== undefined && sameContent(ours.text, theirs.text, rules)
  return !isSame || ours.text === theirs.text
}

function mergeTexts(input: SidesInput, texts: Sides<RecordText>): RecordOutcome {
  const { base, rules } = input
  const writes = writesOf({ ours: input.sides.ours.events, theirs: input.sides.theirs.events }, rules)
  const { text, conflicts } = mergeFields({ base, ...texts, writes, others: [] }, rules)
  const decisions = conflicts.map((conflict): Decision => {
    const kind = conflict.rule === 'keep' ? 'edit-delete' : base === undefined ? 'add-add' : 'edit-edit'
    return { collection: rules.collection, key: input.key, kind, ...conflict }
  })
  return merged(text, decisions)
}

/** One side deleted what the other edited: the record is kept, merged with what the deleting side had written before its delete. */
function keepEdited(input: SidesInput): RecordOutcome {
  const { sides, rules } = input
  const kept = sides.ours.text ?? sides.theirs.text
  const [ours, theirs] = [sides.ours.text ?? sides.ours.former, sides.theirs.text ?? sides.theirs.former]
  const fields = ours === undefined || theirs === undefined ? undefined : mergeTexts(input, { ours, theirs })
  const text = fields?.kind === 'merged' && !sameContent(fields.text, kept, rules) ? fields.text : kept
  const decision = wholeRecord(input, { kind: 'edit-delete', rule: 'keep', chosen: text })
  return merged(text, [decision, ...(fields?.kind === 'merged' ? fields.decisions : [])])
}

/** The events of both sides as writes of the whole record, without deletes. `copyOf` marks a write that the other side may hold as a copy. */
export function writesOf({ ours, theirs }: Sides<readonly RecordEvent[]>, rules: MergeRules): Writes {
  const ids = (events: readonly RecordEvent[]): Set<string | undefined> =>
    new Set(events.map(({ exportId }) => exportId))
  const [left, right] = [ids(ours), ids(theirs)]
  const isShared = (id: string | undefined): boolean => id !== undefined && left.has(id) && right.has(id)
  const writes = (events: readonly RecordEvent[]): ValueWrite[] =>
    events.flatMap((event) => {
      if (event.after === undefined) return []
      const before = event.before ?? event.former
      const copyOf = isShared(event.exportId) ? event.exportId : undefined
      const whole = event.before === undefined && event.isRevived !== true
      return [{ before, after: event.after, whole, stamp: stampOf(event, rules), copyOf }]
    })
  return { ours: writes(ours), theirs: writes(theirs) }
}

function stampOf({ before, after, writer }: RecordEvent, rules: MergeRules): ValueWrite['stamp'] {
  const base = before === undefined ? undefined : fieldsOf(before)
  return stampRecord({ fields: fieldsOf(after), base, rules, writer })
}

function collide(input: SidesInput, texts: Sides<RecordText>, added: Sides<Added>): RecordOutcome {
  const stamps = { ours: added.ours.writer, theirs: added.theirs.writer }
  const keptSide = firstCommitted({ ours: added.ours.text, theirs: added.theirs.text }, stamps)
  const kept = texts[keptSide]
  const moved = texts[keptSide === 'ours' ? 'theirs' : 'ours']
  const decision = wholeRecord(input, { kind: 'key-collision', rule: 'first-committed', chosen: kept })
  return { kind: 'collision', kept, moved, keptSide, added, decision }
}

function wholeRecord(input: SidesInput, decided: Pick<Decision, 'kind' | 'rule' | 'chosen'>): Decision {
  const { key, base, rules } = input
  const { ours, theirs } = input.sides
  return {
    collection: rules.collection,
    key,
    field: undefined,
    base,
    ours: ours.text,
    theirs: theirs.text,
    ...decided,
  }
}
