/** References to a record that was a duplicate lead to the one that stays: in every record that the merge leaves, whichever side it came from. */
import { keyOf, objectText, splitObject, type KeyText, type RecordText } from '../../model/canonical.ts'
import { afterChanges, type Change } from '../../model/change.ts'
import type { Reference } from '../../model/collection.ts'
import { tupleOf, type World, type WorldCollection } from './world.ts'

/** A key that no record has any more, and the one that stands for it. */
export interface Alias {
  readonly collection: string
  /** The record that is gone, and the one that stays. */
  readonly gone: RecordText
  readonly stays: RecordText
}

type Changes = ReadonlyMap<string, readonly Change[]>

/** All changes, with those that the aliases bring. */
export function followAliases(world: World, changes: Changes, aliases: readonly Alias[]): Changes {
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

/** Values referred to → the record that has them now. */
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
    const stays = to.get(tupleOf(record, reference.fields) ?? '')
    if (stays === undefined) continue
    const after = withValues(record, reference, stays)
    const moved = keyOf(splitObject(after), collection.rules.key)
    const before = collection.live.get(key)
    if (moved === key) own.set(key, { ...own.get(key), key, before, after })
    else move(collection, own, { key, moved, after })
  }
}

/** The reference is part of the key: where the other record has such a child as well, one of the two is enough. */
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
  const values = splitObject(stays)
  return objectText(
    [...splitObject(record)].map(([name, value]) => {
      const at = reference.fields.indexOf(name)
      return [name, at < 0 ? value : (values.get(reference.toFields[at] as string) ?? value)]
    }),
  )
}
