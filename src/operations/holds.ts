/** Held collections: why one is neither exported nor applied, what it takes along by foreign keys, and since when. Holding one never stops the others. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Selection } from '../model/collection.ts'

/** Collection → reason, in words that end with the next step. */
export type Holds = Map<string, string>

/** Adds every collection that is tied by foreign keys to a held one, however far. */
export function holdPartners(holds: Holds, selections: ReadonlyMap<string, Selection>): void {
  const ties = [...selections.values()].flatMap(({ schema }) =>
    schema.references.map((reference) => [schema.name, reference.to] as const),
  )
  for (let before = -1; before !== holds.size;) {
    before = holds.size
    for (const [child, parent] of ties) {
      tie(holds, child, parent)
      tie(holds, parent, child)
    }
  }
}

function tie(holds: Holds, from: string, to: string): void {
  if (from !== to && holds.has(from) && !holds.has(to)) holds.set(to, `tied by a foreign key to ${from}, which is held`)
}

/** `source/collection` → reason and when it began (ms), as remembered by this clone. */
export type HeldRecord = Record<string, { readonly reason: string; readonly since: number }>

function heldFile(dataDir: string): string {
  return path.join(dataDir, 'held.json')
}

export async function readHeld(dataDir: string): Promise<HeldRecord> {
  const text = await readFile(heldFile(dataDir), 'utf8').catch(() => '{}')
  return JSON.parse(text) as HeldRecord
}

/** Remembers what is held of a source now; what was held before keeps its age. Answers the record of that source's collections. */
export async function rememberHeld(
  dataDir: string,
  source: string,
  now: { readonly holds: Holds; readonly ms: number },
): Promise<HeldRecord> {
  const before = await readHeld(dataDir)
  const others = Object.entries(before).filter(([name]) => !name.startsWith(`${source}/`))
  const held = [...now.holds].map(([collection, reason]) => {
    const name = `${source}/${collection}`
    return [name, { reason, since: before[name]?.since ?? now.ms }] as const
  })
  const after = Object.fromEntries([...others, ...held])
  if (JSON.stringify(after) !== JSON.stringify(before)) await writeAtomically(heldFile(dataDir), JSON.stringify(after))
  return Object.fromEntries(held)
}
