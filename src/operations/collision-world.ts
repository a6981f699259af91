/** Everything that re-keying has to look at, read from git and the database: the colliding collections, all tables that refer to them, and where the lines parted. */
import { rulesFor, selectionFor } from '../config/rules.ts'
import type { Line, MovedRecord, World, WorldCollection } from '../merge/rekeying/world.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Selection } from '../model/collection.ts'
import { readCommitted, readRecords } from './committed.ts'
import type { Records } from './live.ts'
import type { LiveMerge } from './merge-live.ts'
import type { Moved } from './moved.ts'
import type { Source } from './source.ts'

export interface CollisionInput {
  readonly merges: ReadonlyMap<Moved, LiveMerge>
  /** Collections already read. */
  readonly live: ReadonlyMap<string, Records>
  readonly head: string
}

/** The named collections and every table that refers to them, however far: exported or not, as long as it has a key. */
export function selectionsAround(source: Source, names: readonly string[]): ReadonlyMap<string, Selection> {
  const around = new Map<string, Selection>()
  const queue = new Set(names)
  for (const name of queue) {
    const schema = source.description.collections.find((each) => each.name === name)
    if (schema === undefined) continue
    const selection = source.selections.get(name) ?? selectionFor(source.config, schema)
    if (selection.schema.key.length > 0) around.set(name, selection)
    for (const child of source.description.collections)
      if (child.references.some(({ to }) => to === name)) queue.add(child.name)
  }
  return around
}

/** Reads what `follow` needs. @throws DamagedError when an export that has to be read is damaged */
export async function collisionWorld(
  source: Source,
  selections: ReadonlyMap<string, Selection>,
  input: CollisionInput,
): Promise<World> {
  const reader = commitReader(source)
  const others = [...selections.values()].filter(({ schema }) => !input.live.has(schema.name))
  const live = new Map([...input.live, ...(await readLiveOf(source, others))])
  const lines: LineCommits[] = []
  const collections = new Map<string, WorldCollection>()
  for (const [name, { schema }] of selections) {
    const [each, merge] = [...input.merges].find(([moved]) => moved.name === name) ?? []
    const moved: MovedRecord[] = []
    for (const { key, moved: record } of merge?.rekeys ?? []) {
      const line = lineNumber(lines, await lineOf(reader, { each: each as Moved, key, head: input.head }))
      moved.push({ key, record, line })
    }
    collections.set(name, {
      key: schema.key,
      serialKey: rulesFor(source.config, schema).serialKey,
      references: schema.references,
      live: live.get(name) as Records,
      head: await reader(input.head, name),
      changes: new Map(merge?.changes.map((change) => [change.key, change])),
      moved,
    })
  }
  return { collections, lines: await Promise.all(lines.map((line) => readLine(reader, line, selections.keys()))) }
}

/** Records of a collection at a commit, each read once. */
type CommitReader = (commit: string | undefined, name: string) => Promise<Records>

function commitReader(source: Source): CommitReader {
  const known = new Map<string, Promise<Records>>()
  const read = async (commit: string | undefined, name: string): Promise<Records> =>
    readRecords(source, (await readCommitted(source, commit)).get(name))
  return (commit, name) => {
    const id = `${commit ?? ''}\n${name}`
    const records = known.get(id) ?? read(commit, name)
    known.set(id, records)
    return records
  }
}

async function readLiveOf(source: Source, selections: readonly Selection[]): Promise<ReadonlyMap<string, Records>> {
  if (selections.length === 0) return new Map()
  return source.adapter.snapshot(async (snapshot) => {
    const collections = new Map<string, Records>()
    for (const selection of selections) {
      const records = new Map<KeyText, RecordText>()
      for await (const batch of snapshot.records(selection)) for (const { key, text } of batch) records.set(key, text)
      collections.set(selection.schema.name, records)
    }
    return collections
  })
}

interface LineCommits {
  readonly base: string | undefined
  readonly theirs: string
}

function lineNumber(lines: LineCommits[], line: LineCommits): number {
  const at = lines.findIndex(({ base, theirs }) => base === line.base && theirs === line.theirs)
  return at < 0 ? lines.push(line) - 1 : at
}

/** On which line the other record came: on HEAD's since the sync point, or, where the sync point holds live's record already, on the line that a merge took in. */
async function lineOf(
  reader: CommitReader,
  { each, key, head }: { readonly each: Moved; readonly key: KeyText; readonly head: string },
): Promise<LineCommits> {
  const { past, name } = each
  if (past.kind === 'new') return { base: undefined, theirs: head }
  if (past.kind === 'diverged') return { base: past.fork, theirs: head }
  if ((await reader(past.base, name)).has(key))
    for (const { fork, theirs } of past.junctions)
      if (!(await reader(fork, name)).has(key) && (await reader(theirs, name)).has(key)) return { base: fork, theirs }
  return { base: past.base, theirs: head }
}

async function readLine(reader: CommitReader, line: LineCommits, names: Iterable<string>): Promise<Line> {
  const read = async (commit: string | undefined): Promise<ReadonlyMap<string, Records>> => {
    const records = new Map<string, Records>()
    for (const name of list) records.set(name, await reader(commit, name))
    return records
  }
  const list = [...names]
  return { base: await read(line.base), theirs: await read(line.theirs) }
}
