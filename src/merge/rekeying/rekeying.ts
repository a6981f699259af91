/** The changes to live that give new keys to records that lost theirs, and change the references to them. Pure: the new numbers are given by the caller. */
import { type KeyText, type RecordText, type ValueText, keyOf } from '../../model/canonical.ts'
import { documentFields, textLike } from '../../model/documents.ts'
import type { Change } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import type { MergeRules } from '../../model/rules.ts'
import { mergeRecord } from '../record.ts'
import type { Contested, Following } from './following.ts'
import type { Follower, GivenKey, RekeyingWorld, WorldCollection } from './world.ts'

/** The result of giving new keys. */
export interface Rekeyed {
  /** For each collection with re-keyed records or references: all its changes, those of the merge included. */
  readonly changes: ReadonlyMap<string, readonly Change[]>
  /** By collection: former key → new key of each record that was moved. */
  readonly keys: ReadonlyMap<string, ReadonlyMap<KeyText, KeyText>>
  /** One for each contested child; and those of records that another machine had re-keyed before and both machines have edited since. */
  readonly decisions: readonly Decision[]
}

/** Collection → how many new numbers it needs. */
export function numbersNeeded({ followers }: Following): Map<string, number> {
  const counts = new Map<string, number>()
  for (const each of followers) if (draws(each)) counts.set(each.collection, (counts.get(each.collection) ?? 0) + 1)
  return counts
}

function draws({ fields }: Follower): boolean {
  return [...fields.values()].some(({ kind }) => kind === 'drawn')
}

/**
 * The changes that give every record its new key.
 * @param numbers for each collection as many new numbers as `numbersNeeded` says
 */
export function rekey(
  world: RekeyingWorld,
  following: Following,
  numbers: ReadonlyMap<string, readonly ValueText[]>,
): Rekeyed {
  const drawn = handOut(following, numbers)
  const changes = new Map<string, Map<KeyText, Change>>()
  const decisions = following.contested.map((each) => contestedDecision(world, each, drawn))
  const keys = new Map<string, Map<KeyText, KeyText>>()
  const changesOf = (collection: string): Map<KeyText, Change> => {
    const known = changes.get(collection) ?? new Map(collectionOf(world, collection).changes)
    changes.set(collection, known)
    return known
  }
  for (const follower of following.followers) {
    const own = changesOf(follower.collection)
    const key = applyTo(own, collectionOf(world, follower.collection), { follower, drawn, decisions })
    if (key === follower.key) continue
    keys.set(follower.collection, (keys.get(follower.collection) ?? new Map<KeyText, KeyText>()).set(follower.key, key))
  }
  for (const [collection, seen] of following.witnesses)
    for (const key of seen) addWitness(changesOf(collection), key, collectionOf(world, collection))
  return {
    changes: new Map([...changes].map(([name, each]) => [name, [...each.values()]])),
    keys,
    decisions,
  }
}

function collectionOf(world: RekeyingWorld, name: string): WorldCollection {
  return world.collections.get(name) as WorldCollection
}

type Drawn = ReadonlyMap<Follower, ValueText>

function handOut({ followers }: Following, numbers: ReadonlyMap<string, readonly ValueText[]>): Drawn {
  const drawn = new Map<Follower, ValueText>()
  const used = new Map<string, number>()
  for (const each of followers) {
    if (!draws(each)) continue
    const position = used.get(each.collection) ?? 0
    used.set(each.collection, position + 1)
    drawn.set(each, numbers.get(each.collection)?.[position] as ValueText)
  }
  return drawn
}

/** Adds the changes for one record: it moves to its new key, or is changed under its key. Returns its key afterwards. */
function applyTo(
  changes: Map<KeyText, Change>,
  { rules, head, live, moved: losers }: WorldCollection,
  {
    follower,
    drawn,
    decisions,
  }: { readonly follower: Follower; readonly drawn: Drawn; readonly decisions: Decision[] },
): KeyText {
  const { key, record, splits } = follower
  const before = live.get(key) ?? record
  const merged = splits ? record : (changes.get(key)?.after ?? record)
  const after = withNewValues(merged, follower, drawn)
  const moved = keyOf(documentFields(after), rules.key)
  if (moved === key) {
    changes.set(key, { key, before, after })
    return key
  }
  const planned = changes.get(key)?.after
  const theirs = losers.some((each) => each.key === key) ? planned : (head.get(key) ?? planned)
  if (splits) changes.set(key, { key, before, after: theirs, reassigned: true })
  else changes.set(key, { key, before, after: undefined })
  const placed = changes.get(moved)?.after ?? head.get(moved)
  const met = meetPlaced(rules, { place: givenPlace(follower), ours: after, theirs: placed })
  decisions.push(...met.decisions)
  changes.set(moved, { key: moved, before: live.get(moved), after: met.text, from: key })
  return moved
}

/** If another machine has re-keyed the record before, merges what both wrote to it since. Live's record is not committed yet, so it counts as written later. */
function meetPlaced(
  rules: MergeRules,
  at: { readonly place: GivenKey | undefined; readonly ours: RecordText; readonly theirs: RecordText | undefined },
): { readonly text: RecordText; readonly decisions: readonly Decision[] } {
  const { place, ours, theirs } = at
  if (place === undefined || theirs === undefined) return { text: ours, decisions: [] }
  const stamps = { ours: { asset: '', since: 1, at: 2 }, theirs: { asset: '', since: 0, at: 1 } }
  const merged = mergeRecord({ key: place.key, base: place.record, ours, theirs, rules, stamps })
  if (merged.kind === 'collision' || merged.text === undefined) return { text: theirs, decisions: [] }
  return { text: merged.text, decisions: merged.decisions }
}

function givenPlace({ fields }: Follower): GivenKey | undefined {
  for (const source of fields.values()) if (source.kind === 'given') return source.place
  return undefined
}

function withNewValues(record: RecordText, follower: Follower, drawn: Drawn): RecordText {
  return textLike(
    record,
    [...documentFields(record)].map(([name, value]) => [
      name,
      follower.fields.has(name) ? inFormOf(value, newValue(follower, name, drawn)) : value,
    ]),
  )
}

/** The value of a field after all new numbers are given. */
function newValue(follower: Follower, field: string, drawn: Drawn): ValueText {
  const source = follower.fields.get(field)
  if (source?.kind === 'parent') return newValue(source.parent, source.field, drawn)
  if (source?.kind === 'given') return source.place.key.slice(1, -1)
  if (source?.kind === 'drawn') return drawn.get(follower) as ValueText
  return documentFields(follower.record).get(field) ?? 'null'
}

/** The value in the form of the old one: a column of text refers to a number by a string of its digits. */
function inFormOf(old: ValueText, value: ValueText): ValueText {
  return old.startsWith('"') && !value.startsWith('"') ? `"${value}"` : value
}

/** Adds a change that writes nothing and only requires that the record is still as it was when the plan is applied. */
function addWitness(changes: Map<KeyText, Change>, key: KeyText, { live }: WorldCollection): void {
  const text = live.get(key)
  if (!changes.has(key) && text !== undefined) changes.set(key, { key, before: text, after: text, witness: true })
}

function contestedDecision(
  world: RekeyingWorld,
  { collection, key, reference, parent }: Contested,
  drawn: Drawn,
): Decision {
  const fields = documentFields(collectionOf(world, collection).live.get(key) ?? '{}')
  const theirs = reference.fields.map((name) => fields.get(name) ?? 'null').join(' + ')
  const ours = reference.toFields.map((name) => newValue(parent, name, drawn)).join(' + ')
  const field = reference.fields.join(' + ')
  return {
    collection,
    key,
    field,
    kind: 'add-add',
    base: undefined,
    ours,
    theirs,
    chosen: theirs,
    rule: 'first-committed',
  }
}
