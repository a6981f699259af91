/** How a foreign key compares children with parents: by the texts of the values, or by the answers of the database where only it can tell. */
import type { RecordText } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import { asWritten, comparable, tupleOf } from '../tuple.ts'
import { type SourceDraft, idOf } from './draft.ts'
import { seeker } from './seek.ts'

/** A function from a record to what it has in common with all records that have an equal value; undefined where a field is absent or null. */
export type ValueOf = (text: RecordText | undefined) => string | undefined

/** From values to a function that returns the one of them which a record has. */
export type Seek = (values: ReadonlySet<string>) => ValueOf

/** One side of a foreign key. */
export interface ComparedSide {
  readonly valueOf: ValueOf
  /** For a search through all records of the draft: faster than `valueOf`. */
  readonly seek: Seek
}

export interface Comparison {
  readonly child: ComparedSide
  readonly parent: ComparedSide
  /** Equal values have equal texts, so that a parent can be looked up by its key. */
  readonly byText: boolean
}

/** The name under which the draft remembers checks of the reference, and the answers of the database. */
export function nameOfReference(child: string, { fields, to, toFields }: Reference): string {
  return idOf('reference', child, ...fields, to, ...toFields)
}

/** How a reference of `child` is compared. */
export function comparisonOf(draft: SourceDraft, child: string, reference: Reference): Comparison {
  const name = nameOfReference(child, reference)
  const own = draft.equality.keys.get(child)?.references ?? []
  if (!own.some((each) => nameOfReference(child, each) === name))
    return { child: sideByText(reference.fields), parent: sideByText(reference.toFields), byText: true }
  const needed = (side: 'children' | 'parents', value: string): void => {
    const asked = draft.needed.references.get(name) ?? { child, reference, children: new Set(), parents: new Set() }
    draft.needed.references.set(name, asked)
    asked[side].add(value)
  }
  const answer = draft.equality.references.get(name)
  const side = (fields: readonly string[], which: 'children' | 'parents'): ComparedSide =>
    sideByAnswer(fields, answer?.[which] ?? new Map(), (value) => needed(which, value))
  return { child: side(reference.fields, 'children'), parent: side(reference.toFields, 'parents'), byText: false }
}

function sideByText(fields: readonly string[]): ComparedSide {
  return {
    valueOf: (text) => tupleOf(text, fields, comparable),
    seek: (values) => optional(seeker({ fields, values, form: comparable })),
  }
}

function sideByAnswer(
  fields: readonly string[],
  classes: ReadonlyMap<string, string>,
  need: (value: string) => void,
): ComparedSide {
  return {
    valueOf: (text) => {
      const value = tupleOf(text, fields, asWritten)
      if (value !== undefined && !classes.has(value)) need(value)
      return value === undefined ? undefined : classes.get(value)
    },
    seek: (wanted) => {
      const spellings = [...classes].filter(([, name]) => wanted.has(name)).map(([value]) => value)
      const seek = optional(seeker({ fields, values: new Set(spellings), form: asWritten }))
      return (text) => classes.get(seek(text) ?? '')
    },
  }
}

function optional(seek: (text: RecordText) => string | undefined): ValueOf {
  return (text) => (text === undefined ? undefined : seek(text))
}
