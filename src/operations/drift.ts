/** Drift: the structure of live is not the one that HEAD's exports have. What it amounts to, and in which words a collection is held for it. */
import { structureText } from '../export/collection-file.ts'
import { structureDifference, type StructureDifference } from '../merge/structure.ts'
import type { Selection } from '../model/collection.ts'
import type { CommittedCollection } from './committed.ts'

/** Whose structure changed since the sync point: nobody's, ours only (the next export carries it), or not matching (held). */
export type Drift = 'none' | 'migrated-here' | 'held'

/** The two structures that live's is compared with. */
interface Committed {
  readonly base: CommittedCollection | undefined
  readonly head: CommittedCollection | undefined
}

/** Compares the structure in live with HEAD's and the sync point's. What live has beyond all that HEAD has counts as migrated here, also where HEAD migrated too. */
export function driftOf(selection: Selection, { base, head }: Committed): Drift {
  if (head === undefined) return 'none'
  const live = structureText(selection.schema)
  const committed = structureText(head.schema)
  if (live === committed) return 'none'
  if (base === undefined) return 'held'
  if (structureText(base.schema) === committed) return 'migrated-here'
  const { additions, obstacles } = differenceOf(selection, { base, head })
  return additions.length + obstacles.length === 0 ? 'migrated-here' : 'held'
}

/** What live lacks of HEAD's structure, and what no addition makes equal. */
export function differenceOf(
  selection: Selection,
  { base, head }: Committed & { readonly head: CommittedCollection },
): StructureDifference {
  return structureDifference({ live: selection.schema, wanted: head.schema, base: base?.schema })
}

/** Why a drifted collection is held, with the next step; undefined where drift does not hold it. */
export function driftReason(
  selection: Selection,
  { base, head }: Committed & { readonly head: CommittedCollection },
): string | undefined {
  if (driftOf(selection, { base, head }) !== 'held') return undefined
  const { lacks, obstacles } = differenceOf(selection, { base, head })
  const missing = `lacks ${lacks.join(', ')}`
  if (obstacles.length === 0 && lacks.length > 0)
    return `its structure ${missing}; to add ${lacks.length === 1 ? 'it' : 'them'}: tandem apply --apply-schema`
  const words = [...obstacles, ...(lacks.length > 0 ? [`this database ${missing}`] : [])]
  const what = words.length > 0 ? words.join('; ') : 'in a way that this tandem cannot name'
  return `its structure differs from the exports (${what}); migrate this database or the other`
}

/** Fields that the exports of the sync point know and live no longer has. */
export function droppedFields(selection: Selection, base: CommittedCollection | undefined): string[] {
  const here = new Set([...selection.schema.fields.map((field) => field.name), ...selection.omit])
  return (base?.schema.fields ?? []).map((field) => field.name).filter((name) => !here.has(name))
}
