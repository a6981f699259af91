/** Keeps `git gc` from removing the commits of sync points, by refs of the tool's own: after a branch is rewritten, live must still find the commit it last agreed with. */
import path from 'node:path'
import { commitExists, isAncestor } from '../git/history/commits.ts'
import { moveOwnRefs } from '../git/own-refs.ts'
import type { Repository } from '../git/repository.ts'
import type { Source } from '../source/source.ts'
import { readSyncState } from '../source/sync-state.ts'
import { memory } from '../workspace/memory.ts'

/**
 * Points `refs/tandem/base/<source>` at `newest`. Every other sync point that is not in `newest`'s history, as that of a held collection may be, gets a ref below
 * `refs/tandem/points/<source>`.
 */
export async function keepPoints(source: Source, newest: string): Promise<void> {
  const { repository } = source
  const { points } = readSyncState(await source.adapter.readState())
  const wanted = new Map([[`refs/tandem/base/${source.source}`, newest]])
  const prefix = `refs/tandem/points/${source.source}/`
  for (const commit of new Set([...points.values()].map((point) => point.commit))) {
    if (commit === newest || !(await commitExists(repository, commit))) continue
    if (!(await isAncestor(repository, commit, newest))) wanted.set(`${prefix}${commit}`, commit)
  }
  const dataDir = path.join(repository.commonDir, 'tandem')
  const kept = memory<readonly string[] | undefined>({ dataDir }, `kept-refs/${source.source}.json`, undefined)
  const places = [`refs/tandem/base/${source.source}`, prefix.slice(0, -1)]
  const known = (await kept.read()) ?? (await refsBelow(repository, places))
  await kept.write([...new Set([...known, ...wanted.keys()])]) // a run that is killed now leaves none that is not known
  await moveRefs(repository, wanted, known)
  await kept.write([...wanted.keys()])
}

async function refsBelow(repository: Repository, places: readonly string[]): Promise<readonly string[]> {
  const listing = await repository.git(['for-each-ref', '--format=%(refname)', ...places])
  return listing.split('\n').filter(Boolean)
}

/** Makes the refs of the tool's own exactly the `wanted` ones (ref → commit). @param known those that there may be */
async function moveRefs(
  repository: Repository,
  wanted: ReadonlyMap<string, string>,
  known: readonly string[],
): Promise<void> {
  const names = [...new Set([...wanted.keys(), ...known])]
  const present = new Map<string, string>()
  for (const [i, object] of (await repository.objects.read(names)).entries())
    if (object !== undefined) present.set(names[i] as string, object.id)
  const updates = [...wanted].filter(([ref, id]) => present.get(ref) !== id).map(([ref, id]) => `update ${ref} ${id}`)
  const deletes = [...present.keys()].filter((ref) => !wanted.has(ref)).map((ref) => `delete ${ref}`)
  if (updates.length + deletes.length === 0) return
  await moveOwnRefs(repository, [...updates, ...deletes])
}
