/** Drift: the structure of a collection in live differs from that in HEAD's exports. Decides what that means, and says why a collection is held because of it. */
import type { CommittedCollection } from '../exports/committed.ts'
import { structureText } from '../format/collection-file.ts'
import { type StructureDifference, structureDifference } from '../merge/structure.ts'
import type { Selection } from '../model/collection.ts'

/** `none`: the structures are equal, or HEAD does not have the collection. `migrated-here`: live has a newer structure, and the next export carries it. `held`: live lacks something of HEAD's structure, or does not fit it. */
export type Drift = 'none' | 'migrated-here' | 'held'

/** The collection at the sync point and at HEAD, with whose structures live's is compared. */
interface StructuresCompared {
  readonly base: CommittedCollection | undefined
  readonly head: CommittedCollection | undefined
}

/** The drift of a collection. If live has all of HEAD's structure and more, it counts as migrated here, even if HEAD's structure changed since the sync point too. */
export function driftOf(selection: Selection, { base, head }: StructuresCompared): Drift {
  if (head === undefined) return 'none'
  const live = structureText(selection.schema)
  const committed = structureText(head.schema)
  if (live === committed) return 'none'
  if (base === undefined) return 'held'
  if (structureText(base.schema) === committed) return 'migrated-here'
  const { additions, obstacles } = differenceOf(selection, { base, head })
  return additions.length + obstacles.length === 0 ? 'migrated-here' : 'held'
}

/** What live lacks of HEAD's structure, and the differences that no addition can remove. */
export function differenceOf(
  selection: Selection,
  { base, head }: StructuresCompared & { readonly head: CommittedCollection },
): StructureDifference {
  return structureDifference({ live: selection.schema, wanted: head.schema, base: base?.schema })
}

/**
 * Why the collection is held for its drift, and what to do next; undefined when it is not held for it.
 * @param migration the data commit that brought HEAD's structure, in words (`a has (commit 1a2b3c4)`); undefined when it is not known
 */
export function driftReason(
  selection: Selection,
  {
    base,
    head,
    migration,
  }: StructuresCompared & { readonly head: CommittedCollection; readonly migration?: string | undefined },
): string | undefined {
  if (driftOf(selection, { base, head }) !== 'held') return undefined
  const { lacks, obstacles } = differenceOf(selection, { base, head })
  const missing = `lacks ${lacks.join(', ')}`
  if (obstacles.length === 0 && lacks.length > 0)
    return `its structure ${missing}; to add ${lacks.length === 1 ? 'it' : 'them'}: tandem apply --apply-schema`
  const words = [...obstacles, ...(lacks.length > 0 ? [`this database ${missing}`] : [])]
  const what = words.length > 0 ? words.join('; ') : 'in a way that this tandem cannot name'
  // nothing was migrated here since both had agreed
  const isBehind = base !== undefined && structureText(base.schema) === structureText(selection.schema)
  if (isBehind && migration !== undefined)
    return `its structure differs from the exports (${what}); this machine has to migrate, as ${migration}`
  return `its structure differs from the exports (${what}); migrate this database or the other`
}

/** The fields that the exports of the sync point have and live no longer has. Fields that the configuration omits do not count. */
export function droppedFields(selection: Selection, base: CommittedCollection | undefined): string[] {
  const here = new Set([...selection.schema.fields.map((field) => field.name), ...selection.omit])
  return (base?.schema.fields ?? []).map((field) => field.name).filter((name) => !here.has(name))
}

/** True when the structures differ in a way that is no addition: something was renamed, dropped or converted, here or at HEAD, or the exports are gone. The records may still be the same. */
export function isRemodelled(selection: Selection, { base, head }: StructuresCompared): boolean {
  if (head === undefined) return base !== undefined
  if (droppedFields(selection, base).length > 0) return true
  return driftOf(selection, { base, head }) === 'held' && differenceOf(selection, { base, head }).obstacles.length > 0
}
