/** The quarantine of a source as a commit holds it, and the files that the next data commit writes. */
import { parseQuarantine, quarantineText } from '../../export/quarantine-file.ts'
import { readBlobs } from '../../git/objects.ts'
import { filesAt } from '../../git/tree.ts'
import { DamagedError } from '../../model/errors.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { Source } from '../source.ts'
import { readPending, settledEntry, withPending } from './pending.ts'

type Place = Pick<Source, 'repository' | 'exportsFolder' | 'source'>

/** Every record that a commit holds in quarantine. @throws DamagedError for a damaged file, a link, or one that stands in another's place */
export async function committedQuarantine(place: Place, commit: string | undefined): Promise<readonly Quarantined[]> {
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

/** All that is in quarantine now: what the commit holds, and what the next data commit does to it. */
export async function quarantineOf(
  source: Source,
  commit: string | undefined,
  state: ReadonlyMap<string, string>,
): Promise<readonly Quarantined[]> {
  return withPending(await committedQuarantine(source, commit), readPending(state))
}

/** The files to commit; none where nothing changes. A file that is emptied keeps its header. */
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

/** The state entry once `commit` is made; undefined where it changes nothing. */
export async function committedPending(
  source: Source,
  commit: string,
  state: ReadonlyMap<string, string>,
): Promise<readonly [name: string, text: string | undefined] | undefined> {
  const { add, remove } = readPending(state)
  if (add.length + remove.length === 0) return undefined
  return settledEntry(state, await committedQuarantine(source, commit))
}
