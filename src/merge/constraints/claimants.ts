/**
 * The records that a clash in a unique key is about, and the values that each of them may have: the one of the merge, the one before the sides parted, and, where these do not
 * suffice, those that it had on a side or earlier.
 */
import { type KeyText, type RecordText, compareBytes } from '../../model/canonical.ts'
import { type CollectionPast, type SourceDraft, idOf, originOf, recordAt } from './draft.ts'
import { withFormer } from './retreat.ts'
import type { Claim, Standing } from './settle-values.ts'
import { type UniqueKey, holdersOf, nameOfUnique, valueIn } from './unique-key.ts'

/** A record that has, or may take, a value that others have too. */
export interface Claimant extends Claim {
  /** The record with each of `values`. */
  readonly texts: readonly RecordText[]
}

interface Place {
  readonly past: CollectionPast
  readonly key: KeyText
}

/** The texts that a record which stays may become, best first, without the one it has. */
export type ValuesOf = (draft: SourceDraft, unique: UniqueKey, at: Place) => readonly RecordText[]

/** The clashing records, and all that have a value which one of them could take. */
export function claimantsOf(
  draft: SourceDraft,
  unique: UniqueKey,
  clash: { readonly past: CollectionPast; readonly keys: readonly KeyText[]; readonly valuesOf: ValuesOf },
): Map<KeyText, Claimant> {
  const { past, keys, valuesOf } = clash
  const claimants = new Map<KeyText, Claimant>()
  const known = new Set<string>()
  for (let waiting: readonly KeyText[] = keys; waiting.length > 0;) {
    const found = waiting.map((key) => claimantOf(draft, unique, { at: { past, key }, valuesOf }))
    for (const claimant of found) claimants.set(claimant.key, claimant)
    const values = found.flatMap((each) => each.values).filter((value) => value !== undefined && !known.has(value))
    const fresh = new Set(values as readonly string[])
    for (const value of fresh) known.add(value)
    waiting = [...holdersOf(draft, unique, fresh).values()].flat().filter((key) => !claimants.has(key))
  }
  return claimants
}

function claimantOf(
  draft: SourceDraft,
  unique: UniqueKey,
  { at, valuesOf }: { readonly at: Place; readonly valuesOf: ValuesOf },
): Claimant {
  const { key } = at
  const standing = standingOf(draft, unique, at)
  const texts = new Map<string | undefined, RecordText>()
  const all = [recordAt(unique.part, key) as RecordText, ...(standing === 'new' ? [] : valuesOf(draft, unique, at))]
  for (const text of all) {
    const value = valueIn(draft, unique, text)
    // another spelling of what is one value to the database would free nothing
    if (!texts.has(value)) texts.set(value, text)
  }
  return { key, standing, values: [...texts.keys()], texts: [...texts.values()] }
}

/** Of a record that was absent when the sides parted it has to be known whether a merge with an older line brought it back, or somebody added it since. */
function standingOf(draft: SourceDraft, { part }: UniqueKey, { past, key }: Place): Standing {
  const origin = originOf(past)
  if (origin === undefined) return 'new'
  const sides = [part.ours, past.theirs, ...(past.lines ?? [])]
  if (origin.has(key)) return sides.every((records) => records.has(key)) ? 'undisputed' : 'revived'
  if (past.earlier?.has(key) === true) return past.earlier.get(key) === undefined ? 'new' : 'revived'
  const asked = draft.needed.earlier.get(part.name) ?? new Set()
  draft.needed.earlier.set(part.name, asked.add(key))
  return 'new'
}

/** What it had when the sides parted. Where no record came back, all can always return to that together. */
export const valuesOfOrigin: ValuesOf = (_, { part, fields }, { past, key }) =>
  withFormer(part, { key, fields, states: [originOf(past)?.get(key)] })

/** What it had when the sides parted, then what it had on any side or at an earlier fork. */
export const valuesOfSides: ValuesOf = (draft, unique, { past, key }) => {
  const { part, fields } = unique
  const sides = [part.ours, past.theirs, ...past.former, ...(past.lines ?? [])].map((records) => records.get(key))
  const others = withFormer(part, { key, fields, states: sides }).toSorted(compareBytes)
  return [...valuesOfOrigin(draft, unique, { past, key }), ...notTaken(draft, unique, { key, texts: others })]
}

/** All these, and last what a record that came back had when it was added. */
export const allValues: ValuesOf = (draft, unique, { past, key }) => {
  const { part, fields } = unique
  const added = withFormer(part, { key, fields, states: [past.earlier?.get(key)] })
  return [...valuesOfSides(draft, unique, { past, key }), ...notTaken(draft, unique, { key, texts: added })]
}

/** A record takes each further value once, so that keys which depend on each other come to rest. */
function notTaken(
  draft: SourceDraft,
  unique: UniqueKey,
  { key, texts }: { readonly key: KeyText; readonly texts: readonly RecordText[] },
): readonly RecordText[] {
  return texts.filter((text) => !draft.wentBack.has(idOf(unique.part.name, nameOfUnique(unique), key, text)))
}
