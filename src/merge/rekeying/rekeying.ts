/** The changes to live by which records that lost their key get a new one, and whatever refers to them follows. Pure: the numbers are given. */
import { keyOf, objectText, splitObject, type KeyText, type RecordText, type ValueText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import type { Contested, Follower, Following } from './following.ts'
import type { World, WorldCollection } from './world.ts'

export interface Rekeyed {
  /** For each collection concerned all its changes, the merge's included. */
  readonly changes: ReadonlyMap<string, readonly Change[]>
  /** By collection: the key that a record had → the one it has now. */
  readonly keys: ReadonlyMap<string, ReadonlyMap<KeyText, KeyText>>
  readonly decisions: readonly Decision[]
}

/** How many new numbers each collection needs. */
export function numbersNeeded({ followers }: Following): Map<string, number> {
  const counts = new Map<string, number>()
  for (const each of followers) if (draws(each)) counts.set(each.collection, (counts.get(each.collection) ?? 0) + 1)
  return counts
}

function draws({ fields }: Follower): boolean {
  return [...fields.values()].some(({ kind }) => kind === 'drawn')
}

/** @param numbers for each collection as many as `numbersNeeded` says */
export function rekey(world: World, following: Following, numbers: ReadonlyMap<string, readonly ValueText[]>): Rekeyed {
  const drawn = handOut(following, numbers)
  const changes = new Map<string, Map<KeyText, Change>>()
  const keys = new Map<string, Map<KeyText, KeyText>>()
  const changesOf = (collection: string): Map<KeyText, Change> => {
    const known = changes.get(collection) ?? new Map(collectionOf(world, collection).changes)
    changes.set(collection, known)
    return known
  }
  for (const follower of following.followers) {
    const own = changesOf(follower.collection)
    const key = applyTo(own, collectionOf(world, follower.collection), { follower, drawn })
    if (key === follower.key) continue
    keys.set(follower.collection, (keys.get(follower.collection) ?? new Map<KeyText, KeyText>()).set(follower.key, key))
  }
  for (const [collection, seen] of following.witnesses)
    for (const key of seen) addWitness(changesOf(collection), key, collectionOf(world, collection))
  return {
    changes: new Map([...changes].map(([name, each]) => [name, [...each.values()]])),
    keys,
    decisions: following.contested.map((each) => contestedDecision(world, each, drawn)),
  }
}

function collectionOf(world: World, name: string): WorldCollection {
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

/** The record moves, or changes where it is. Answers its key afterwards. */
function applyTo(
  changes: Map<KeyText, Change>,
  { key: names, head, live, moved: losers }: WorldCollection,
  { follower, drawn }: { readonly follower: Follower; readonly drawn: Drawn },
): KeyText {
  const { key, record, splits } = follower
  const before = live.get(key) ?? record
  const merged = splits ? record : (changes.get(key)?.after ?? record)
  const after = withFields(merged, follower, drawn)
  const moved = keyOf(splitObject(after), names)
  if (moved === key) {
    changes.set(key, { key, before, after })
    return key
  }
  const planned = changes.get(key)?.after
  const theirs = losers.some((each) => each.key === key) ? planned : (head.get(key) ?? planned)
  if (splits) changes.set(key, { key, before, after: theirs, reassigned: true })
  else changes.set(key, { key, before, after: undefined })
  // where another machine placed the record already, what it made of it counts
  const placed = isGiven(follower) ? (changes.get(moved)?.after ?? head.get(moved)) : undefined
  changes.set(moved, { key: moved, before: live.get(moved), after: placed ?? after, from: key })
  return moved
}

function isGiven({ fields }: Follower): boolean {
  return [...fields.values()].some(({ kind }) => kind === 'given')
}

function withFields(record: RecordText, follower: Follower, drawn: Drawn): RecordText {
  return objectText(
    [...splitObject(record)].map(([name, value]) => [
      name,
      follower.fields.has(name) ? inFormOf(value, newValue(follower, name, drawn)) : value,
    ]),
  )
}

/** A field's value when everything has its new number. */
function newValue(follower: Follower, field: string, drawn: Drawn): ValueText {
  const source = follower.fields.get(field)
  if (source?.kind === 'parent') return newValue(source.parent, source.field, drawn)
  if (source?.kind === 'given') return source.number
  if (source?.kind === 'drawn') return drawn.get(follower) as ValueText
  return splitObject(follower.record).get(field) ?? 'null'
}

/** A column of text refers to a number by its digits as text. */
function inFormOf(old: ValueText, value: ValueText): ValueText {
  return old.startsWith('"') && !value.startsWith('"') ? `"${value}"` : value
}

/** A change that changes nothing: the record must still be so when the plan is applied. */
function addWitness(changes: Map<KeyText, Change>, key: KeyText, { live }: WorldCollection): void {
  const text = live.get(key)
  if (!changes.has(key) && text !== undefined) changes.set(key, { key, before: text, after: text, witness: true })
}

function contestedDecision(world: World, { collection, key, reference, parent }: Contested, drawn: Drawn): Decision {
  const fields = splitObject(collectionOf(world, collection).live.get(key) ?? '{}')
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
