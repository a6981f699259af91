/** Reads a source's quarantined records from a commit, and makes the quarantine files of the next data commit. */
import { parseQuarantine, quarantineText } from '../format/quarantine-file.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { filesAt } from '../git/objects/tree.ts'
import { DamagedError } from '../model/errors.ts'
import type { Quarantined } from '../model/quarantine.ts'
import type { ExportsPlace, Source } from '../source/source.ts'
import { readPending, settledEntry, withPending } from './pending.ts'

/** The quarantined records of a source in a commit; none when `commit` is undefined. @throws DamagedError for a damaged file, a link, or a file that names another source */
export async function committedQuarantine(
  place: ExportsPlace,
  commit: string | undefined,
): Promise<readonly Quarantined[]> {
  if (commit === undefined) return []
  const files = await filesAt(place.repository, commit, `${place.exportsFolder}/quarantine/${place.source}`)
  const blobs = await readBlobs(
    place.repository,
    [...files.values()].map(({ id }) => id),
  )
  return [...files].flatMap(([path, { mode, id }]) => {
    if (mode !== '100644') throw new DamagedError({ path }, `git mode ${mode}: not a plain file`)
    const file = parseQuarantine((blobs.get(id) as Buffer).toString(), path)
    if (file.source === place.source) return file.records
    throw new DamagedError(
      { path, line: 1 },
      `names source ${file.source}, but stands in the folder of ${place.source}`,
    )
  })
}

/** All records quarantined now: those of the commit, with the pending changes in the tool's state made. @throws DamagedError as committedQuarantine does */
export async function quarantineOf(
  source: Source,
  commit: string | undefined,
  state: ReadonlyMap<string, string>,
): Promise<readonly Quarantined[]> {
  return withPending(await committedQuarantine(source, commit), readPending(state))
}

/** The quarantine files that the next data commit changes: path → bytes. A file without records keeps its header. @param commit the parent of the data commit @throws DamagedError as committedQuarantine does */
export async function quarantineWrites(
  source: Source,
  commit: string,
  state: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Buffer>> {
  const pending = readPending(state)
  const touched = new Set([...pending.add, ...pending.remove].map(({ collection }) => collection))
  if (touched.size === 0) return new Map()
  const committed = await committedQuarantine(source, commit)
  const writes = new Map<string, Buffer>()
  for (const collection of touched) {
    const ofCollection = (records: readonly Quarantined[]): Quarantined[] =>
      records.filter((each) => each.collection === collection)
    const [before, after] = [ofCollection(committed), ofCollection(withPending(committed, pending))].map((records) =>
      quarantineText({ source: source.source, collection, records }),
    )
    if (after !== undefined && before !== after) writes.set(pathOf(source, collection), Buffer.from(after))
  }
  return writes
}

function pathOf(source: Source, collection: string): string {
  const folder = source.folder(collection).slice(`${source.exportsFolder}/${source.source}/`.length)
  return `${source.exportsFolder}/quarantine/${source.source}/${folder}.jsonl`
}

/** The state entry after `commit` was made, without the pending changes that it contains. undefined when there was nothing pending. @throws DamagedError as committedQuarantine does */
export async function committedPending(
  source: Source,
  commit: string,
  state: ReadonlyMap<string, string>,
): Promise<readonly [name: string, text: string | undefined] | undefined> {
  const { add, remove } = readPending(state)
  if (add.length + remove.length === 0) return undefined
  return settledEntry(state, await committedQuarantine(source, commit))
}
