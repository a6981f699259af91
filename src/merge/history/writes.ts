/** What each side wrote to one value since the common past. Where the sides differ, the write with the greatest stamp wins. */
import type { Sides } from '../../model/side.ts'
import type { FieldValues, ValueText } from '../../model/canonical.ts'
import { documentFields } from '../../model/documents.ts'
import type { SideStamp } from '../stamp.ts'
import { type FieldOrder, type Versions, isDocument, sameValue } from '../versions.ts'

/** One write of a value; `before` and `after` are undefined where the value was absent. */
export interface ValueWrite {
  readonly before: ValueText | undefined
  readonly after: ValueText | undefined
  /** True when the write added the record, or brought it back. `before` is then the value before the record was deleted, and removing it counts as a write too. */
  readonly whole: boolean
  readonly stamp: SideStamp
  /** The export id of the commit, set where the other side may hold a copy of the same write (rebase, amend). */
  readonly copyOf: string | undefined
}

/** The writes of each side to one value, in any order. */
export type Writes = Sides<readonly ValueWrite[]>

/** A value in its versions, with the writes of each side to it. */
export interface Register extends Versions {
  readonly writes: Writes
  /** Further versions of the value, for the choices in pending.ts. */
  readonly others: readonly (ValueText | undefined)[]
}

/** The register of one field, from the register of its document. */
export function registerAt(register: Register, name: string, order: FieldOrder): Register {
  const at = (text: ValueText | undefined): ValueText | undefined => valueIn(text, name)
  return mapRegister(register, { at, holds: isDocument }, order)
}

/** How a part is taken out of a value, and which values can hold parts at all. */
export interface ValuePart {
  readonly at: (text: ValueText | undefined) => ValueText | undefined
  readonly holds: (text: ValueText | undefined) => boolean
}

/**
 * The register of one part of a value (a field, an element, a group of fields). Writes that did not change the part are left out. A write that replaced the whole value by one
 * that cannot hold parts counts as a write to every part.
 */
export function mapRegister(register: Register, { at, holds }: ValuePart, order: FieldOrder): Register {
  const part = (writes: readonly ValueWrite[]): ValueWrite[] =>
    writes.flatMap((write) => {
      const [before, after] = [at(write.before), at(write.after)]
      const isWritten = !holds(write.after) || wrote({ before, after, whole: write.whole }, order)
      return isWritten ? [{ ...write, before, after }] : []
    })
  const { base, ours, theirs, writes, others } = register
  const parts = withoutCopiedWrites({ ours: part(writes.ours), theirs: part(writes.theirs) }, order)
  return { base: at(base), ours: at(ours), theirs: at(theirs), writes: parts, others: others.map(at) }
}

function valueIn(text: ValueText | undefined, name: string): ValueText | undefined {
  return isDocument(text) ? fieldsOf(text).get(name) : undefined
}

function wrote({ before, after, whole }: Pick<ValueWrite, 'before' | 'after' | 'whole'>, order: FieldOrder): boolean {
  return whole ? before !== undefined || after !== undefined : !sameValue(before, after, order)
}

/** Leaves out writes that reached both sides, once as the original and once as a copy: they belong to the common past. */
function withoutCopiedWrites(writes: Writes, order: FieldOrder): Writes {
  const copied = (own: readonly ValueWrite[], other: readonly ValueWrite[]): readonly ValueWrite[] => {
    if (own.every(({ copyOf }) => copyOf === undefined)) return own
    const isCopy = (a: ValueWrite): boolean =>
      a.copyOf !== undefined && other.some((b) => a.copyOf === b.copyOf && sameValue(a.after, b.after, order))
    return own.filter((write) => !isCopy(write))
  }
  return { ours: copied(writes.ours, writes.theirs), theirs: copied(writes.theirs, writes.ours) }
}

const split = new Map<ValueText, FieldValues>()

/** The fields of a document or record; empty for an absent one. The latest results are remembered, because the versions of one record are split many times. @throws SyntaxError when it is no JSON object */
export function fieldsOf(text: ValueText | undefined): FieldValues {
  if (text === undefined) return NONE
  const known = split.get(text)
  if (known !== undefined) return known
  if (split.size >= 256) split.clear()
  const fields = documentFields(text)
  split.set(text, fields)
  return fields
}

const NONE: FieldValues = new Map()
