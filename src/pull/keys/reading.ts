/** Reading for collisions: records of commits, each once. */
import { selectionFor } from '../../config/rules.ts'
import { readCommitted, readRecords } from '../../exports/committed.ts'
import type { Line } from '../../merge/rekeying/world.ts'
import type { CollectionSchema, Selection } from '../../model/collection.ts'
import { once } from '../../model/once.ts'
import type { Records } from '../../model/records.ts'
import type { Source } from '../../source/source.ts'

export function selectionOf(source: Source, schema: CollectionSchema): Selection {
  return source.selections.get(schema.name) ?? selectionFor(source.config, schema)
}

/** Records of a collection at a commit, each read once. */
export type CommitReader = (commit: string | undefined, name: string) => Promise<Records>

export function commitReader(source: Source): CommitReader {
  const collectionsAt = once((commit: string | undefined) => {
    const committed = readCommitted(source, commit)
    return once(async (name: string) => readRecords(source, (await committed).get(name)))
  })
  return (commit, name) => collectionsAt(commit)(name)
}

export interface LineCommits {
  readonly base: string | undefined
  readonly theirs: string
}

export async function readLine(reader: CommitReader, line: LineCommits, names: ReadonlySet<string>): Promise<Line> {
  const read = async (commit: string | undefined): Promise<ReadonlyMap<string, Records>> => {
    const records = new Map<string, Records>()
    for (const name of names) records.set(name, await reader(commit, name))
    return records
  }
  return { base: await read(line.base), theirs: await read(line.theirs) }
}
