/**
 * The state of a commit whose file differs from what the merge rule gives. A merge made by hand, by a web editor or by `-s ours` may have dropped what only one side wrote.
 * That is not read as a deletion: the dropped record or value is pending (part of the state, missing in the file) until the next export writes it again, or until a person
 * accepts the drop.
 */
import type { RecordText, ValueText } from '../../model/canonical.ts'
import { textLike } from '../../model/documents.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { FieldChoices } from '../values/context.ts'
import { mergeFields } from '../values/fields.ts'
import { type RecordEvent, writesOf } from './sides.ts'
import { isDocument, sameContent, sameValue, sharedValue } from '../versions.ts'
import { type Register, type ValueWrite, type Writes, fieldsOf } from './writes.ts'

/** A commit with one parent whose file differs from the parent's state; each is the record, undefined where it is absent. */
export interface PendingChange {
  /** In the parent's file. */
  readonly before: RecordText | undefined
  /** The parent's state. */
  readonly state: RecordText | undefined
  /** The record before it was deleted, where the parent's state has none. */
  readonly former: RecordText | undefined
  /** In the commit's file. */
  readonly content: RecordText | undefined
}

/** The state of that commit: values that it changed in the file have been written, all others are as in the parent's state. */
export function stateOnPending(
  { before, state, former, content }: PendingChange,
  rules: MergeRules,
): RecordText | undefined {
  if (sameContent(before, content, rules)) return state
  if (before === undefined || content === undefined) return content
  const held = state ?? former
  if (held === undefined) return content
  return withChangesOf({ base: withoutMissing(before, { content, held }), ours: held, theirs: content }, rules)
}

/**
 * The record in the parent's file as a base for the commit's changes. Where the file has a document and the parent's state has none, a merge had dropped the state's value. The
 * fields that the commit removes from such a document are left out, so that their removal does not change the state.
 */
function withoutMissing(
  before: ValueText,
  { content, held }: { readonly content: ValueText | undefined; readonly held: ValueText | undefined },
): ValueText {
  if (!isDocument(before) || !isDocument(content)) return before
  const [now, then] = [fieldsOf(content), isDocument(held) ? fieldsOf(held) : undefined]
  return textLike(
    before,
    [...fieldsOf(before)].flatMap(([name, value]) => {
      if (then === undefined && !now.has(name)) return []
      return [[name, withoutMissing(value, { content: now.get(name), held: then?.get(name) })]]
    }),
  )
}

/** `ours` with every value that `theirs` changed since the base. */
function withChangesOf(
  texts: { readonly base: RecordText; readonly ours: RecordText; readonly theirs: RecordText },
  rules: MergeRules,
): RecordText {
  const write = (after: RecordText, time: bigint): ValueWrite[] => [
    { before: texts.base, after, whole: false, stamp: { time, filled: 0, asset: '' }, copyOf: undefined },
  ]
  const writes: Writes = { ours: write(texts.ours, 0n), theirs: write(texts.theirs, 1n) }
  return mergeFields({ ...texts, writes, others: [] }, withoutCounters(rules)).text
}

/** The rules without counters: a counter's changes are in the state already and must not be added a second time. */
function withoutCounters(rules: MergeRules): MergeRules {
  return { ...rules, counters: [] }
}

/** One parent of a merge: the record in its file, its state, and the events on its side since the parents' common past. */
export interface MergedParent {
  readonly content: RecordText | undefined
  readonly state: RecordText | undefined
  readonly events: readonly RecordEvent[]
}

/** A merge commit whose file is not what the rule gives. */
export interface DeviatingMerge {
  /** The record in the merge's file. */
  readonly content: RecordText | undefined
  /** The record that the rule gives for the two parents. */
  readonly expected: RecordText | undefined
  /** The record before it was deleted, where the rule gives none. */
  readonly former: RecordText | undefined
  readonly parents: readonly [MergedParent, MergedParent]
}

/** True when the merge's file has the record, or lacks it, only because this parent's file did: no write or delete on the parent's side says so. */
export function isInherited({ content, state, events }: MergedParent, merged: RecordText | undefined): boolean {
  const isSame = (content === undefined) === (merged === undefined)
  return isSame && ((state === undefined) !== (merged === undefined) || events.length === 0)
}

/**
 * The state of a merge whose file is not what the rule gives. Where the file has a value from a parent on whose side nobody wrote it, the other parent's write was dropped by
 * accident and stays in the state. Every other difference is a decision of the person who made the merge, and counts as a write.
 */
export function stateOfMerge(merge: DeviatingMerge, rules: MergeRules): RecordText | undefined {
  const { content, expected, parents } = merge
  const from = parents.filter((parent) => isInherited(parent, content))
  if (content === undefined) return from.length > 0 ? expected : undefined
  if (expected === undefined) return stateOfRevived(merge, { content, from }, rules)
  const others = parents.flatMap((parent) => [parent.content, parent.state])
  const writes = writesOf({ ours: parents[0].events, theirs: parents[1].events }, rules)
  const record = { base: undefined, ours: expected, theirs: content, writes, others }
  return mergeFields(record, withoutCounters(rules), keepingDropped(merge, rules)).text
}

/** The state where the rule says that the record is deleted and the file has it. A value that is in no inherited parent's file was written by the merge, and brings the record back. */
function stateOfRevived(
  { former }: DeviatingMerge,
  found: { readonly content: RecordText; readonly from: readonly MergedParent[] },
  rules: MergeRules,
): RecordText | undefined {
  const { content, from } = found
  if (from.length === 0 || former === undefined) return content
  let isWritten = false
  const isFromFile = (register: Register): boolean => {
    const isFound = register.others.some((other) => sameValue(other, register.theirs, rules.order))
    if (!isFound && register.theirs !== content) isWritten = true
    return isFound
  }
  const record = { base: undefined, ours: former, theirs: content, writes: { ours: [], theirs: [] } }
  const others = from.map((parent) => parent.content)
  const { text } = mergeFields({ ...record, others }, withoutCounters(rules), {
    keepsEdited: false,
    choose: (register) => ({ side: isFromFile(register) ? 'ours' : 'theirs', rule: 'keep' }),
    settle: (register) => {
      const shared = sharedValue(register, rules.order)
      if (shared !== undefined) isFromFile(register)
      return shared
    },
  })
  return isWritten ? text : undefined
}

/** Chooses value by value between the record that the rule gives (ours) and the one in the file (theirs). */
function keepingDropped({ parents }: DeviatingMerge, { order }: MergeRules): FieldChoices {
  const keeps = (register: Register, index: 0 | 1): boolean => {
    const parent = parents[index]
    if (parent.content === undefined) return false
    const [content, state] = [register.others[index * 2], register.others[index * 2 + 1]]
    const writes = index === 0 ? register.writes.ours : register.writes.theirs
    const isPending = parent.state === undefined || !sameValue(state, register.theirs, order)
    return sameValue(content, register.theirs, order) && (isPending || writes.length === 0)
  }
  return {
    keepsEdited: false,
    choose: (register) => ({
      side: keeps(register, 0) || keeps(register, 1) ? 'ours' : 'theirs',
      rule: 'keep',
    }),
    settle: (register): { readonly value: ValueText | undefined } | undefined => sharedValue(register, order),
  }
}
