/**
 * Tables that were renamed in a live database. No database and no export tells a rename from a drop and a new table, but live does: a table that the exports knew is gone, and one of the same
 * structure that has no sync point is there. Its past is the former table's: merged as a new one, everything that one machine wrote would be set against everything that the other has.
 */
import { type CommittedCollection, readCommitted, readRecords } from '../exports/committed.ts'
import { isMostlyAlike, shapeText } from '../exports/shape.ts'
import { readLive } from '../source/live.ts'
import type { Source } from '../source/source.ts'
import type { SyncPoint } from '../source/sync-state.ts'

/** The collection's name before it was renamed, and the sync point that it has under that name. */
export interface Former {
  readonly name: string
  readonly point: SyncPoint
}

/** A collection of live that may be another one renamed. */
interface Fit {
  readonly name: string
  readonly former: Former
  readonly before: CommittedCollection
}

/** Live's collections that were renamed: name → what each was before. Where several fit, it is not known which it was, and none is answered. */
export async function renamedCollections(
  source: Source,
  points: ReadonlyMap<string, SyncPoint>,
): Promise<ReadonlyMap<string, Former>> {
  const renamed = new Map<string, Former>()
  const fits = await possibleRenames(source, points)
  for (const { name, former, before } of fits) {
    const isOnly = fits.filter((each) => each.name === name || each.former.name === former.name).length === 1
    // of documents that was asked before
    if (isOnly && (isDocuments(before) || (await isMostlyLive(source, before, name)))) renamed.set(name, former)
  }
  return renamed
}

/** Tables fit by their structure. All collections of documents have one structure, so the records have to fit too. */
async function possibleRenames(source: Source, points: ReadonlyMap<string, SyncPoint>): Promise<Fit[]> {
  const gone = [...points].filter(([name]) => isGone(source, name))
  const fresh = [...source.selections.values()].filter(({ schema }) => !points.has(schema.name))
  const fits: Fit[] = []
  if (fresh.length === 0) return fits
  for (const [former, point] of gone) {
    const before = (await readCommitted(source, point.commit).catch(() => undefined))?.get(former)
    if (before === undefined) continue
    const shape = shapeText(before.schema)
    for (const { schema } of fresh) {
      if (shapeText(schema) !== shape) continue
      if (isDocuments(before) && !(await isMostlyLive(source, before, schema.name))) continue
      fits.push({ name: schema.name, former: { name: former, point }, before })
    }
  }
  return fits
}

function isDocuments({ schema }: CommittedCollection): boolean {
  return schema.fields.length === 0
}

/** True when live's table has most of the records much as they are committed. */
async function isMostlyLive(source: Source, before: CommittedCollection, name: string): Promise<boolean> {
  const records = await readRecords(source, before)
  const { actual } = await readLive(source, [name])
  return isMostlyAlike(records, actual.get(name) ?? new Map(), before.schema.key)
}

/** True when the database does not have the table at all; one that is excluded or cannot be read is still there. */
function isGone({ description, selections, leftOut }: Source, name: string): boolean {
  return (
    !selections.has(name) &&
    !description.collections.some((schema) => schema.name === name) &&
    !leftOut.some((left) => left.name === name)
  )
}

/** The newest commit that has the collection under its former name and not yet under its own, in the history of one that may have it under both; undefined when no commit has its own files. */
export async function commitBefore(
  source: Source,
  { name, former }: { readonly name: string; readonly former: string },
  commit: string,
): Promise<string | undefined> {
  const brought = await newestParent(source, name, commit)
  if (brought === undefined || (await readCommitted(source, brought)).has(former)) return brought
  // the former one was retired first
  return newestParent(source, former, brought)
}

/** The first parent of the newest commit that added or removed the collection's files; undefined when there is none. */
async function newestParent(source: Source, name: string, commit: string): Promise<string | undefined> {
  const place = `:(top,literal)${source.folder(name)}/collection.json`
  const format = ['log', '--max-count=1', '--format=%P', '--diff-filter=AD', '--no-renames']
  const parents = (await source.repository.git([...format, commit, '--', place])).trim()
  return parents === '' ? undefined : parents.split(' ')[0]
}
