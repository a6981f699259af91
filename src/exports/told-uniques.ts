/**
 * Which unique keys that `collection.json` does not tell of (partial and expression indexes, generated columns) every machine has. Each data commit names those of its machine, in the
 * collections that it writes, by a fingerprint. A merge may decide by such a key only where all have it: it would take a record from a machine that allows both.
 */
import { commitsOf } from '../git/history/commits.ts'
import { uniqueName } from '../git/history/trailers.ts'
import type { OwnUnique } from '../model/key-equality.ts'
import type { Source } from '../source/source.ts'

/** How many commits of a collection are looked through. A machine that made none of them no longer counts. */
const MOST_COMMITS = 1000

/** The names, for a data commit, of this machine's own unique keys in these collections. */
export async function uniquesToTell(source: Source, collections: readonly string[]): Promise<string[]> {
  const selections = collections.flatMap((name) => source.selections.get(name) ?? [])
  if (selections.length === 0) return []
  const keys = await source.adapter.ownKeys(selections)
  return [...keys].flatMap(([name, { uniques }]) => uniques.flatMap((unique) => nameOf(source, name, unique) ?? []))
}

function nameOf({ source, adapter }: Source, collection: string, { definition }: OwnUnique): string | undefined {
  return definition === undefined ? undefined : uniqueName(source, collection, `${adapter.engine} ${definition}`)
}

/** Those of the collection's own unique keys that every other machine named in the newest commit by which it wrote the collection; none where no other one wrote it. */
export async function toldByAll(
  source: Source,
  { asset, head, collection, uniques }: ToldQuestion,
): Promise<ReadonlySet<OwnUnique>> {
  const own = uniques.filter(({ definition }) => definition !== undefined)
  if (own.length === 0) return new Set()
  const place = ['--', `:(top,literal)${source.folder(collection)}`]
  const told = new Map<string, ReadonlySet<string>>()
  const commits = await commitsOf(source.repository, [`-n${MOST_COMMITS}`, '--no-merges', '--full-history', head, ...place])
  for (const commit of commits)
    if (commit.asset !== undefined && commit.asset !== asset && !told.has(commit.asset))
      told.set(commit.asset, new Set(commit.uniques))
  const others = [...told.values()]
  return new Set(
    own.filter((unique) => {
      const name = nameOf(source, collection, unique)
      return others.length > 0 && name !== undefined && others.every((names) => names.has(name))
    }),
  )
}

export interface ToldQuestion {
  /** The name of this machine. */
  readonly asset: string
  readonly head: string
  readonly collection: string
  readonly uniques: readonly OwnUnique[]
}
