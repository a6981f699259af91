/**
 * What a commit holds where its file says something else than the rule: a merge made by hand, by a web editor or by `-s ours` may have thrown away what only one side wrote.
 * That is no deletion; the record or value stays (it is pending: missing in the file) until the next export puts it back, or a person says that it is meant.
 */
import { objectText, type RecordText, type ValueText } from '../model/canonical.ts'
import type { MergeRules } from '../model/rules.ts'
import { isDocument } from './documents.ts'
import { mergeFields, type FieldChoices } from './fields.ts'
import { writesOf, type RecordEvent } from './sides.ts'
import { sameContent, sameValue, sharedValue } from './versions.ts'
import { fieldsOf, type Register, type Write, type Writes } from './writes.ts'

export interface PendingChange {
  /** What the parent's file said. */
  readonly before: RecordText | undefined
  /** What the parent held. */
  readonly state: RecordText | undefined
  /** What it held before it was deleted. */
  readonly former: RecordText | undefined
  /** What the commit's file says. */
  readonly content: RecordText | undefined
}

/** What a commit of one parent holds whose file and state differ: the values that the commit changed in the file are written, the others stay as they were held. */
export function stateOnPending(
  { before, state, former, content }: PendingChange,
  rules: MergeRules,
): RecordText | undefined {
  if (sameContent(before, content, rules)) return state
  if (before === undefined || content === undefined) return content
  const held = state ?? former
  if (held === undefined) return content
  return laidOver({ base: withoutMissing(before, { content, held }), ours: held, theirs: content }, rules)
}

/**
 * What the parent's file said, without what the commit takes out of documents where the record, as it was held, has none: that says nothing, above all not that there is one.
 * (A merge had dropped what the record holds there.)
 */
function withoutMissing(
  before: ValueText,
  { content, held }: { readonly content: ValueText | undefined; readonly held: ValueText | undefined },
): ValueText {
  if (!isDocument(before) || !isDocument(content)) return before
  const [now, then] = [fieldsOf(content), isDocument(held) ? fieldsOf(held) : undefined]
  return objectText(
    [...fieldsOf(before)].flatMap(([name, value]) => {
      if (then === undefined && !now.has(name)) return []
      return [[name, withoutMissing(value, { content: now.get(name), held: then?.get(name) })]]
    }),
  )
}

/** Ours with every value that theirs changed since the base. */
function laidOver(
  texts: { readonly base: RecordText; readonly ours: RecordText; readonly theirs: RecordText },
  rules: MergeRules,
): RecordText {
  const write = (after: RecordText, time: bigint): Write[] => [
    { before: texts.base, after, whole: false, stamp: { time, filled: 0, asset: '' }, copyOf: undefined },
  ]
  const writes: Writes = { ours: write(texts.ours, 0n), theirs: write(texts.theirs, 1n) }
  return mergeFields({ ...texts, writes, others: [] }, plain(rules)).text
}

/** Counters are values here: nothing is added twice. */
function plain(rules: MergeRules): MergeRules {
  return { ...rules, counters: [] }
}

/** One parent of a merge: what its file said, what it held, and its events since the parents' common past. */
export interface MergedParent {
  readonly content: RecordText | undefined
  readonly state: RecordText | undefined
  readonly events: readonly RecordEvent[]
}

export interface DeviatingMerge {
  readonly content: RecordText | undefined
  /** What the rule gives for the parents. */
  readonly expected: RecordText | undefined
  /** What it was before it was deleted, where the rule says it is gone. */
  readonly former: RecordText | undefined
  readonly parents: readonly [MergedParent, MergedParent]
}

/** A merge's file has the record, or lacks it, as this parent's file did, and nobody meant so since the parents' common past. */
export function isInherited({ content, state, events }: MergedParent, merged: RecordText | undefined): boolean {
  const isSame = (content === undefined) === (merged === undefined)
  return isSame && ((state === undefined) !== (merged === undefined) || events.length === 0)
}

/**
 * What a merge holds whose file is not what the rule gives. What the file has from a parent that did not write it was not decided: the other parent's write was merely
 * dropped, and stays. Everything else is a decision of whoever made the merge.
 */
export function stateOfMerge(merge: DeviatingMerge, rules: MergeRules): RecordText | undefined {
  const { content, expected, parents } = merge
  const from = parents.filter((parent) => isInherited(parent, content))
  if (content === undefined) return from.length > 0 ? expected : undefined
  if (expected === undefined) return stateOfRevived(merge, { content, from }, rules)
  const others = parents.flatMap((parent) => [parent.content, parent.state])
  const writes = writesOf({ ours: parents[0].events, theirs: parents[1].events }, rules)
  const record = { base: undefined, ours: expected, theirs: content, writes, others }
  return mergeFields(record, plain(rules), keepingDropped(merge, rules)).text
}

/** The rule says that the record is gone, the file has it: values that no inheriting parent's file had are written, and bring the record back. */
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
  const { text } = mergeFields({ ...record, others }, plain(rules), {
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

/** Chooses, value by value, between what the rule gives (ours) and what the file says (theirs). */
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
