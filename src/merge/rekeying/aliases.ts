/** When duplicates become one record, references to the key that is gone are changed to the key that stays, in every merged record, whichever side it came from. */
import { type KeyText, type RecordText, keyOf } from '../../model/canonical.ts'
import { documentFields, textLike } from '../../model/documents.ts'
import { type Change, afterChanges } from '../../model/change.ts'
import type { Reference } from '../../model/collection.ts'
import { tupleOf } from '../tuple.ts'
import { referredBy } from './referred.ts'
import type { RekeyingWorld, WorldCollection } from './world.ts'

/** Two records that became one. */
export interface Alias {
  readonly collection: string
  /** The record whose key is gone, and the record under the key that stays. */
  readonly gone: RecordText
  readonly stays: RecordText
}

type ChangesByCollection = ReadonlyMap<string, readonly Change[]>

/** The given changes of each collection, with the changed references added to them. */
export function followAliases(
  world: RekeyingWorld,
  changes: ChangesByCollection,
  aliases: readonly Alias[],
): ChangesByCollection {
  const after = new Map(changes)
  for (const [name, collection] of world.collections)
    for (const reference of collection.references) {
      const to = targets(reference, aliases)
      if (to.size === 0) continue
      const own = new Map(
        (after.get(name) ?? [...collection.changes.values()]).map((change) => [change.key, change] as const),
      )
      redirect(collection, own, { reference, to })
      if (own.size > 0) after.set(name, [...own.values()])
    }
  return after
}

/** Values of a key that is gone → the record that stands for it now. */
function targets(reference: Reference, aliases: readonly Alias[]): ReadonlyMap<string, RecordText> {
  const found = new Map<string, RecordText>()
  for (const { collection, gone, stays } of aliases) {
    const [from, to] = [tupleOf(gone, reference.toFields), tupleOf(stays, reference.toFields)]
    if (collection === reference.to && from !== undefined && to !== undefined && from !== to) found.set(from, stays)
  }
  return found
}

function redirect(
  collection: WorldCollection,
  own: Map<KeyText, Change>,
  at: { readonly reference: Reference; readonly to: ReadonlyMap<string, RecordText> },
): void {
  const { reference, to } = at
  for (const [key, record] of mergedRecords(collection, own)) {
    const stays = to.get(referredBy(record, reference) ?? '')
    if (stays === undefined) continue
    const after = withValues(record, reference, stays)
    const moved = keyOf(documentFields(after), collection.rules.key)
    const before = collection.live.get(key)
    if (moved === key) own.set(key, { ...own.get(key), key, before, after })
    else move(collection, own, { key, moved, after })
  }
}

/** Moves a child whose key contains the reference. If the record that stays has a child under the new key already, that child stays and this one is removed. */
function move(
  { live }: WorldCollection,
  own: Map<KeyText, Change>,
  { key, moved, after }: { readonly key: KeyText; readonly moved: KeyText; readonly after: RecordText },
): void {
  const before = live.get(key)
  const isTaken = own.has(moved) ? own.get(moved)?.after !== undefined : live.has(moved)
  if (before === undefined) own.delete(key)
  else own.set(key, { key, before, after: undefined })
  if (isTaken) return
  own.set(moved, { key: moved, before: live.get(moved), after, ...(before === undefined ? {} : { from: key }) })
}

function mergedRecords({ live }: WorldCollection, own: ReadonlyMap<KeyText, Change>): [KeyText, RecordText][] {
  return [...afterChanges(live, own.values())]
}

function withValues(record: RecordText, reference: Reference, stays: RecordText): RecordText {
  const values = documentFields(stays)
  return textLike(
    record,
    [...documentFields(record)].map(([name, value]) => {
      const at = reference.fields.indexOf(name)
      return [name, at < 0 ? value : (values.get(reference.toFields[at] as string) ?? value)]
    }),
  )
}
