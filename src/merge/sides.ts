/** The merge of one record from two lines of history: what each holds, and what each wrote since their common past. Pure, so that every machine decides alike. */
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Decision } from '../model/decision.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { mergeFields } from './fields.ts'
import { firstCommitted } from './identity.ts'
import { type Side, sameContent } from './versions.ts'
import { stampRecord } from './winner.ts'
import { fieldsOf, type Write, type Writes } from './writes.ts'

/** What one commit wrote to a record, or that it deleted it (`after` undefined). `before` is what the record would be had the commit written nothing. */
export interface RecordEvent {
  readonly before: RecordText | undefined
  readonly after: RecordText | undefined
  /** Of a record that came back: what it was when it was deleted. */
  readonly former?: RecordText | undefined
  /** It came back as it was, but for what was changed in a file that had it all the time; else all of it was written anew. */
  readonly isRevived?: boolean
  readonly writer: WriterStamp
  /** The data commit's id, which its copies keep. */
  readonly exportId?: string | undefined
}

/** One side of a record: its state, what it was before it was deleted, and its events since the common past. */
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

export interface SidesInput {
  readonly key: KeyText
  readonly rules: MergeRules
  /** For reports only: nothing is decided by it where events are known. */
  readonly base: RecordText | undefined
  readonly ours: RecordSide
  readonly theirs: RecordSide
  /** Some write is not covered by a delete: the record stays. */
  readonly lives: boolean
  /** Both sides added a record under this key, and the two are not the same. */
  readonly added?: Readonly<Record<Side, Added>> | undefined
}

/** `collision`: both sides added different records under one key. The key holds `kept`; `moved` needs a new one and is nowhere else. */
export type RecordOutcome =
  | { readonly kind: 'merged'; readonly text: RecordText | undefined; readonly decisions: readonly Decision[] }
  | {
      readonly kind: 'collision'
      readonly kept: RecordText
      readonly moved: RecordText
      readonly keptSide: Side
      readonly added: Readonly<Record<Side, Added>>
      readonly decision: Decision
    }

/**
 * Merges one record. A side that did not touch it leaves it to the other, deletions too; an edit beats a deletion; two edits merge field by field, each value from its
 * greatest write. Swapping ours and theirs gives the same text and the same choices. Every value that loses is in a decision.
 * @throws SyntaxError when a text is no JSON object
 */
export function mergeSides(input: SidesInput): RecordOutcome {
  const { ours, theirs, rules } = input
  if (ours.text === undefined && theirs.text === undefined) return merged(undefined)
  if (input.added !== undefined && ours.text !== undefined && theirs.text !== undefined)
    return collide(input, { ours: ours.text, theirs: theirs.text }, input.added)
  if (isSettled(input)) return merged(theirs.events.length === 0 ? ours.text : theirs.text)
  if (!input.lives) return merged(undefined)
  if (ours.text !== undefined && theirs.text !== undefined)
    return mergeTexts(input, { ours: ours.text, theirs: theirs.text })
  return keepEdited(input, rules)
}

function merged(text: RecordText | undefined, decisions: readonly Decision[] = []): RecordOutcome {
  return { kind: 'merged', text, decisions }
}

/** One side did not touch the record; where neither seems to have, but they hold other texts, the values are looked into. */
function isSettled({ ours, theirs, rules }: SidesInput): boolean {
  if (ours.events.length > 0 && theirs.events.length > 0) return false
  const isSame = ours.text !== undefined && theirs.text !== undefined && sameContent(ours.text, theirs.text, rules)
  return !isSame || ours.text === theirs.text
}

type Texts = Readonly<Record<Side, RecordText>>

function mergeTexts(input: SidesInput, texts: Texts): RecordOutcome {
  const { base, rules } = input
  const writes = writesOf({ ours: input.ours.events, theirs: input.theirs.events }, rules)
  const { text, conflicts } = mergeFields({ base, ...texts, writes, others: [] }, rules)
  const decisions = conflicts.map((conflict): Decision => {
    const kind = conflict.rule === 'keep' ? 'edit-delete' : base === undefined ? 'add-add' : 'edit-edit'
    return { collection: rules.collection, key: input.key, kind, ...conflict }
  })
  return merged(text, decisions)
}

/** One side deleted what the other edited: the record stays, with what the deleting side had written before among it. */
function keepEdited(input: SidesInput, rules: MergeRules): RecordOutcome {
  const kept = input.ours.text ?? input.theirs.text
  const [ours, theirs] = [input.ours.text ?? input.ours.former, input.theirs.text ?? input.theirs.former]
  const fields = ours === undefined || theirs === undefined ? undefined : mergeTexts(input, { ours, theirs })
  const text = fields?.kind === 'merged' && !sameContent(fields.text, kept, rules) ? fields.text : kept
  const decision = wholeRecord(input, { kind: 'edit-delete', rule: 'keep', chosen: text })
  return merged(text, [decision, ...(fields?.kind === 'merged' ? fields.decisions : [])])
}

/** Events of both sides as writes of the whole record; what either side may have as a copy of the other's is marked. */
export function writesOf({ ours, theirs }: Readonly<Record<Side, readonly RecordEvent[]>>, rules: MergeRules): Writes {
  const ids = (events: readonly RecordEvent[]): Set<string | undefined> =>
    new Set(events.map(({ exportId }) => exportId))
  const [left, right] = [ids(ours), ids(theirs)]
  const isShared = (id: string | undefined): boolean => id !== undefined && left.has(id) && right.has(id)
  const writes = (events: readonly RecordEvent[]): Write[] =>
    events.flatMap((event) => {
      if (event.after === undefined) return []
      const before = event.before ?? event.former
      const copyOf = isShared(event.exportId) ? event.exportId : undefined
      const whole = event.before === undefined && event.isRevived !== true
      return [{ before, after: event.after, whole, stamp: stampOf(event, rules), copyOf }]
    })
  return { ours: writes(ours), theirs: writes(theirs) }
}

function stampOf({ before, after, writer }: RecordEvent, rules: MergeRules): Write['stamp'] {
  const base = before === undefined ? undefined : fieldsOf(before)
  return stampRecord({ fields: fieldsOf(after), base, rules, writer })
}

function collide(input: SidesInput, texts: Texts, added: Readonly<Record<Side, Added>>): RecordOutcome {
  const stamps = { ours: added.ours.writer, theirs: added.theirs.writer }
  const keptSide = firstCommitted({ ours: added.ours.text, theirs: added.theirs.text }, stamps)
  const kept = texts[keptSide]
  const moved = texts[keptSide === 'ours' ? 'theirs' : 'ours']
  const decision = wholeRecord(input, { kind: 'key-collision', rule: 'first-committed', chosen: kept })
  return { kind: 'collision', kept, moved, keptSide, added, decision }
}

function wholeRecord(input: SidesInput, decided: Pick<Decision, 'kind' | 'rule' | 'chosen'>): Decision {
  const { key, base, ours, theirs, rules } = input
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
