/** What every step inside one record's merge shares: its rules, who wins there, and the list of what was decided. */
import type { ValueText } from '../model/canonical.ts'
import type { DecisionRule } from '../model/decision.ts'
import type { MergeRules } from '../model/rules.ts'
import type { Print } from './print.ts'
import type { Side, Versions } from './versions.ts'
import type { Register } from './writes.ts'

/** A field both sides wrote: its three values, what was chosen and why. `kept` where one side deleted what the other edited. */
export interface FieldConflict extends Versions {
  readonly field: string
  readonly chosen: ValueText | undefined
  readonly rule: DecisionRule
}

/** Where in a record a value stands: `path` is what rules name (`legs.price`), `shown` what reports show (`legs[3].price`). */
export interface Place {
  readonly path: string
  readonly shown: string
  readonly print: Print
}

export interface MergeContext {
  readonly rules: MergeRules
  /** Decides between two different values that both sides wrote. */
  readonly choose: (register: Register) => { readonly side: Side; readonly rule: DecisionRule }
  /** Takes the side that alone wrote a value, if there is one; absence is a value too. */
  readonly settle: (register: Register) => { readonly value: ValueText | undefined } | undefined
  /** An element of a keyed array that one side edited and the other deleted is kept; else `choose` tells. */
  readonly keepsEdited: boolean
  /** Whose order of fields goes first where the base has none: the winner's. */
  readonly first: Side
  /** Filled while merging, in field order. */
  readonly conflicts: FieldConflict[]
  /** Merges any value at a place; handed along so that documents and arrays can merge what is inside them. */
  readonly merge: (place: Place, register: Register) => ValueText | undefined
}

/** The place of field `name` of the document at `place`. */
export function inside(place: Place, name: string): Place {
  return { path: `${place.path}.${name}`, shown: `${place.shown}.${name}`, print: place.print }
}
