/** What each side wrote to one value since the common past. A value is a register: where the sides differ, the write with the greatest stamp stands. */
import { splitObject, type ValueText } from '../model/canonical.ts'
import { isDocument } from './documents.ts'
import { type FieldOrder, sameValue, type Side, type Versions } from './versions.ts'
import type { SideStamp } from './winner.ts'

/** One write of a value. */
export interface Write {
  readonly before: ValueText | undefined
  readonly after: ValueText | undefined
  /** The record came, or came back, with it: then `before` is what it was when it was deleted, and what it no longer has is written too. */
  readonly whole: boolean
  readonly stamp: SideStamp
  /** Set where the other side may hold a copy of the same write (rebase, amend). */
  readonly copyOf: string | undefined
}

export type Writes = Readonly<Record<Side, readonly Write[]>>

/** A value in its versions, with everything written to it. */
export interface Register extends Versions {
  readonly writes: Writes
  /** Further versions of the same value that a special choice looks at. */
  readonly others: readonly (ValueText | undefined)[]
}

/** The register of name `name` in a register of documents. */
export function registerAt(register: Register, name: string, order: FieldOrder): Register {
  const at = (text: ValueText | undefined): ValueText | undefined => valueIn(text, name)
  return mapRegister(register, { at, holds: isDocument }, order)
}

/** How a part is taken out of a value, and which values can hold parts at all. */
export interface Part {
  readonly at: (text: ValueText | undefined) => ValueText | undefined
  readonly holds: (text: ValueText | undefined) => boolean
}

/** The register of a part of each value; writes that left the part alone fall away. One that put there what holds no parts took all of them away, seen or not. */
export function mapRegister(register: Register, { at, holds }: Part, order: FieldOrder): Register {
  const part = (writes: readonly Write[]): Write[] =>
    writes.flatMap((write) => {
      const [before, after] = [at(write.before), at(write.after)]
      const isWritten = !holds(write.after) || wrote({ before, after, whole: write.whole }, order)
      return isWritten ? [{ ...write, before, after }] : []
    })
  const { base, ours, theirs, writes, others } = register
  const parts = withoutCopies({ ours: part(writes.ours), theirs: part(writes.theirs) }, order)
  return { base: at(base), ours: at(ours), theirs: at(theirs), writes: parts, others: others.map(at) }
}

function valueIn(text: ValueText | undefined, name: string): ValueText | undefined {
  return isDocument(text) ? fieldsOf(text).get(name) : undefined
}

function wrote({ before, after, whole }: Pick<Write, 'before' | 'after' | 'whole'>, order: FieldOrder): boolean {
  return whole ? before !== undefined || after !== undefined : !sameValue(before, after, order)
}

/** A write that reached both sides, once as itself and once as a copy, belongs to the common past. */
function withoutCopies(writes: Writes, order: FieldOrder): Writes {
  const copied = (own: readonly Write[], other: readonly Write[]): readonly Write[] => {
    if (own.every(({ copyOf }) => copyOf === undefined)) return own
    const isCopy = (a: Write): boolean =>
      a.copyOf !== undefined && other.some((b) => a.copyOf === b.copyOf && sameValue(a.after, b.after, order))
    return own.filter((write) => !isCopy(write))
  }
  return { ours: copied(writes.ours, writes.theirs), theirs: copied(writes.theirs, writes.ours) }
}

const split = new Map<ValueText, ReadonlyMap<string, ValueText>>()

/** The fields of an object; the versions of one record are asked for again and again, so the latest are remembered. */
export function fieldsOf(text: ValueText | undefined): ReadonlyMap<string, ValueText> {
  if (text === undefined) return NONE
  const known = split.get(text)
  if (known !== undefined) return known
  if (split.size >= 256) split.clear()
  const fields = splitObject(text)
  split.set(text, fields)
  return fields
}

const NONE: ReadonlyMap<string, ValueText> = new Map()
