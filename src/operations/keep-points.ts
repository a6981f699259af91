/** Keeps the commits of all sync points from being collected: a branch may be rewritten and gc run, and live must still find what it last agreed with. */
import { commitExists, isAncestor } from '../git/history.ts'
import type { Repository } from '../git/repository.ts'
import type { Source } from './source.ts'
import { readSyncState } from './sync-state.ts'

/** Points `refs/tandem/base/<source>` at `newest`, and a ref of its own at every other sync point that it does not contain (a held collection's). */
export async function keepPoints(source: Source, newest: string): Promise<void> {
  const { repository } = source
  const { points } = readSyncState(await source.adapter.readState())
  const wanted = new Map([[`refs/tandem/base/${source.source}`, newest]])
  const prefix = `refs/tandem/points/${source.source}/`
  for (const commit of new Set([...points.values()].map((point) => point.commit))) {
    if (commit === newest || !(await commitExists(repository, commit))) continue
    if (!(await isAncestor(repository, commit, newest))) wanted.set(`${prefix}${commit}`, commit)
  }
  await moveRefs(repository, wanted, [`refs/tandem/base/${source.source}`, prefix.slice(0, -1)])
}

/** Makes the refs below `places` exactly the wanted ones. */
async function moveRefs(
  repository: Repository,
  wanted: ReadonlyMap<string, string>,
  places: readonly string[],
): Promise<void> {
  const listing = await repository.git(['for-each-ref', '--format=%(refname) %(objectname)', ...places])
  const present = new Map(
    listing
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  )
  const updates = [...wanted].filter(([ref, id]) => present.get(ref) !== id).map(([ref, id]) => `update ${ref} ${id}\n`)
  const deletes = [...present.keys()].filter((ref) => !wanted.has(ref)).map((ref) => `delete ${ref}\n`)
  if (updates.length + deletes.length === 0) return
  await repository.git(['update-ref', '--stdin'], { input: [...updates, ...deletes].join('') })
}
