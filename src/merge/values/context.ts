/** What all steps in the merge of one record share: the rules, how values are decided, and the list of conflicts. */
import type { Side } from '../../model/side.ts'
import type { ValueText } from '../../model/canonical.ts'
import type { DecisionRule } from '../../model/decision.ts'
import type { MergeRules } from '../../model/rules.ts'
import type { Print } from '../history/print.ts'
import type { Versions } from '../versions.ts'
import type { Register } from '../history/writes.ts'

/** A value that both sides wrote: its three versions, which one was chosen, and by which rule. */
export interface FieldConflict extends Versions {
  readonly field: string
  readonly chosen: ValueText | undefined
  readonly rule: DecisionRule
}

/** Where in a record a value is: `path` as rules name it (`legs.price`), `shown` as reports show it (`legs[3].price`), and how documents and arrays are written there. */
export interface ValuePlace {
  readonly path: string
  readonly shown: string
  readonly print: Print
}

/** How the values of a record are decided. */
export interface FieldChoices {
  /** The side whose value is taken where both sides wrote different ones. */
  readonly choose: (register: Register) => { readonly side: Side; readonly rule: DecisionRule }
  /** The value that needs no decision, wrapped because it may be absence: both sides hold it, or one side alone wrote. undefined when `choose` has to decide. */
  readonly settle: (register: Register) => { readonly value: ValueText | undefined } | undefined
  /** True: an element of a keyed array that one side edited and the other deleted is kept. False: `choose` decides about it as about a value. */
  readonly keepsEdited: boolean
}

/** What the steps in the merge of one record share. */
export interface MergeContext {
  readonly rules: MergeRules
  readonly choices: FieldChoices
  /** The side whose new fields are placed before the other side's: the winner of the whole record. */
  readonly first: Side
  /** Filled by the steps of the merge, in field order. */
  readonly conflicts: FieldConflict[]
  /** Merges the value at a place. In the context so that documents and arrays can merge the values inside them without importing values.ts, which imports them. */
  readonly merge: (place: ValuePlace, register: Register) => ValueText | undefined
}

/** The place of field `name` of the document at `place`. */
export function inside(place: ValuePlace, name: string): ValuePlace {
  return { path: `${place.path}.${name}`, shown: `${place.shown}.${name}`, print: place.print }
}
