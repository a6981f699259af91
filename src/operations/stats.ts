/** `tandem stats`: how many records are live and how many HEAD's exports hold, collection by collection, and when data was committed last. Counts only; `verify` compares. */
import { type CommittedCollection, readCommitted } from '../exports/committed.ts'
import { layoutText } from '../format/layout.ts'
import { readHead } from '../git/head.ts'
import { commitsOf, stampOf } from '../git/history/commits.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { type Only, chosenCollections } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { type SourceFailure, withSources } from '../source/sources.ts'
import { readSyncState } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface CollectionStats {
  /** Live records; undefined: the database has no such collection. */
  readonly records: number | undefined
  /** Records in HEAD's exports; undefined: not exported yet. */
  readonly exported: number | undefined
  /** `single`, `hash:6`, `range:4`. */
  readonly layout: string | undefined
  readonly files: number
  /** The commit that live last agreed with. */
  readonly syncPoint: string | undefined
}

/** The newest data commit that touched a source. */
export interface LastDataCommit {
  readonly commit: string
  /** ISO 8601, UTC. */
  readonly time: string
  readonly ageMs: number
  readonly asset: string
}

export interface SourceStats {
  readonly name: string
  readonly database: string
  readonly server: string
  readonly collections: Readonly<Record<string, CollectionStats>>
  readonly lastDataCommit: LastDataCommit | undefined
}

export interface Stats {
  readonly head: string | undefined
  readonly sources: readonly SourceStats[]
  readonly failures: readonly SourceFailure[]
}

/** Statistics of every source; one that fails is among the failures. @throws UsageError when `only` names no source */
export async function stats(workspace: Workspace, only: Only | undefined): Promise<Stats> {
  const { commit: head } = await readHead(workspace.repository)
  return withSources(workspace, only, {
    each: (source) => statsOf(workspace, source, { head, only }),
    after: (sources, failures) => Promise.resolve({ head, sources, failures }),
  })
}

async function statsOf(
  workspace: Workspace,
  source: Source,
  at: { readonly head: string | undefined; readonly only: Only | undefined },
): Promise<SourceStats> {
  const committed = await readCommitted(source, at.head)
  const names = chosenCollections(source, committed.keys(), at.only)
  const live = await countLive(source, names)
  const { points } = readSyncState(await source.adapter.readState())
  const collections: Record<string, CollectionStats> = {}
  for (const name of names) {
    const collection = committed.get(name)
    collections[name] = {
      records: live.get(name),
      exported: collection === undefined ? undefined : await countExported(source, collection),
      layout: collection === undefined ? undefined : layoutText(collection.layout),
      files: collection?.buckets.size ?? 0,
      syncPoint: points.get(name)?.commit,
    }
  }
  const { database, server } = source.description
  const lastDataCommit = await newestDataCommit(workspace, source, at.head)
  return { name: source.source, database, server, collections, lastDataCommit }
}

async function countLive(source: Source, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  return source.adapter.snapshot(async (snapshot) => {
    const counts = new Map<string, number>()
    for (const name of names) {
      const selection = source.selections.get(name)
      if (selection !== undefined) counts.set(name, await snapshot.count(selection.schema))
    }
    return counts
  })
}

/** Lines after the header of every file; whether they are sound is `verify`'s question. */
async function countExported(source: Source, collection: CommittedCollection): Promise<number> {
  const ids = [...collection.buckets.values()]
  const blobs = await readBlobs(source.repository, ids)
  return ids.reduce((count, id) => count + Math.max(0, lineEnds(blobs.get(id) as Buffer) - 1), 0)
}

function lineEnds(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}

async function newestDataCommit(
  workspace: Workspace,
  source: Source,
  head: string | undefined,
): Promise<LastDataCommit | undefined> {
  if (head === undefined) return undefined
  const folder = `${source.exportsFolder}/${source.source}/`
  const args = ['--max-count=1', '--grep=^Tandem-Export: ', head, '--', `:(top,literal)${folder}`]
  const [commit] = await commitsOf(workspace.repository, args)
  if (commit === undefined) return undefined
  const ageMs = workspace.invocation.nowMs() - commit.committedAt
  return { commit: commit.id, time: new Date(commit.committedAt).toISOString(), ageMs, asset: stampOf(commit).asset }
}
