/** Fills a database from the portable archive of a source: an empty scratch database, where there is no dump, or a live one that is to hold what the archive holds, record by record. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Adapter } from '../adapters/adapter.ts'
import { type ApplyPlan, type Change, type LiveRecord, type StateChanges, countOf } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { GuardError, UndoneError } from '../model/errors.ts'
import { type SchemaChange, textOf } from '../model/schema-change.ts'
import { type OpenedArchive, portableFolder } from './archive.ts'
import type { ArchivedSource } from './manifest.ts'
import { type PortableCollection, openPortable, wholeSelection } from './portable.ts'
import { STATE } from './stage.ts'

/** Entries of the tool's state that belong to a run, not to the data. */
const PASSING = ['lock', 'last-run']

/** What a filling could not do, in sentences. */
export type Shortfalls = readonly string[]

/** The collections of a source in the archive. */
async function collectionsOf(archive: OpenedArchive, source: ArchivedSource): Promise<readonly PortableCollection[]> {
  const folder = path.join(archive.folder, portableFolder(source.name))
  return Promise.all(source.collections.map((each) => openPortable(path.join(folder, each.folder))))
}

/** The state of the tool that the database had, without what belongs to a run. */
async function stateIn(archive: OpenedArchive, source: ArchivedSource): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path.join(archive.folder, 'sources', source.name, STATE), 'utf8')
  const entries = Object.entries(JSON.parse(text) as Record<string, string>)
  return new Map(entries.filter(([name]) => !PASSING.includes(name)))
}

/** Takes out of a restored database what belonged to the run in which it was dumped. */
export async function forgetPassing(adapter: Adapter): Promise<void> {
  const state = await adapter.readState()
  const passing = PASSING.filter((name) => state.has(name))
  if (passing.length > 0) await adapter.writeState(new Map(passing.map((name) => [name, undefined])), new Map())
}

/**
 * Makes the database hold what the archive holds. Tables that it lacks are made, as far as their structure can be made from the archive; tables that only it has are left.
 * @throws GuardError when a table has another structure; UndoneError when the database refuses it, and nothing is changed then
 */
export async function fillFrom(archive: OpenedArchive, source: ArchivedSource, adapter: Adapter): Promise<Shortfalls> {
  const shortfalls: string[] = []
  const { collections } = await adapter.describe()
  const live = new Map(collections.map((schema) => [schema.name, schema]))
  const structure: SchemaChange[] = []
  const wanted: PortableCollection[] = []
  for (const each of await collectionsOf(archive, source)) {
    const { schema } = each
    const there = live.get(schema.name)
    if (schema.key.length === 0) shortfalls.push(`${schema.name} has no key and is restored only from a dump`)
    else if (there !== undefined && textOf(there.fields) !== textOf(schema.fields))
      throw new GuardError(`${schema.name} has other fields than in the backup`, {
        hint: 'Migrate the database to the structure of that time, or restore the dump (without --in-place).',
      })
    else {
      wanted.push(each)
      if (there === undefined) structure.push({ kind: 'create', collection: schema.name, schema })
    }
  }
  for (const name of live.keys())
    if (!source.collections.some((each) => each.name === name))
      shortfalls.push(`${name} is not in the backup and stays`)
  await applied(adapter, await planOf(archive, source, { adapter, wanted, structure }))
  return shortfalls
}

async function planOf(
  archive: OpenedArchive,
  source: ArchivedSource,
  at: {
    readonly adapter: Adapter
    readonly wanted: readonly PortableCollection[]
    readonly structure: readonly SchemaChange[]
  },
): Promise<ApplyPlan> {
  const { adapter, wanted, structure } = at
  const made = new Set(structure.map(({ collection }) => collection))
  const isLoad = adapter.capabilities.loads
  const loads = wanted
    .filter(({ schema }) => isLoad && made.has(schema.name))
    .map(({ schema, records }) => ({ selection: wholeSelection(schema), records }))
  const changed = wanted.filter(({ schema }) => !isLoad || !made.has(schema.name))
  return adapter.snapshot(async (snapshot) => {
    const collections = []
    for (const each of changed) {
      const selection = wholeSelection(each.schema)
      const before = made.has(each.schema.name)
        ? new Map<string, string>()
        : await recordsOf(snapshot.records(selection))
      const after = await recordsOf(each.records())
      collections.push({ selection, changes: changesBetween(before, after) })
    }
    const state = stateChanges(snapshot.state, await stateIn(archive, source))
    return { structure, collections, loads, state, expectedState: new Map() }
  })
}

/** By key; rows of a table without one by their text and its number of occurrences so far. */
async function recordsOf(batches: AsyncIterable<readonly LiveRecord[]>, isKeyed = true): Promise<Map<string, string>> {
  const records = new Map<string, string>()
  const seen = new Map<string, number>()
  for await (const batch of batches)
    for (const { key, text } of batch) {
      const times = isKeyed ? 0 : (seen.get(text) ?? 0) + 1
      if (!isKeyed) seen.set(text, times)
      records.set(isKeyed ? key : `${times} ${text}`, text)
    }
  return records
}

function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].flatMap((key) => {
    const change = { key, before: before.get(key), after: after.get(key) }
    return change.before === change.after ? [] : [change]
  })
}

/** The state of the archive in the place of the live one. */
function stateChanges(now: ReadonlyMap<string, string>, then: ReadonlyMap<string, string>): StateChanges {
  const gone = [...now.keys()].filter((name) => !then.has(name) && !PASSING.includes(name))
  return new Map<string, string | undefined>([...gone.map((name) => [name, undefined] as const), ...then])
}

async function applied(adapter: Adapter, plan: ApplyPlan): Promise<void> {
  const outcome = await adapter.apply(plan)
  if (outcome.status === 'applied') return
  const why = outcome.status === 'stale' ? outcome.reason : `${outcome.collection}: ${outcome.message}`
  throw new UndoneError(`the database did not take the backup: ${why}`, {
    hint: 'Nothing was changed. Stop the programs that write into it, and run it again.',
  })
}

/** How many records a live database would get, change and lose, per collection. @throws GuardError as fillFrom does */
export async function previewFill(
  archive: OpenedArchive,
  source: ArchivedSource,
  adapter: Adapter,
): Promise<ReadonlyMap<string, ReturnType<typeof countOf>>> {
  const { collections } = await adapter.describe()
  const live = new Map(collections.map((schema) => [schema.name, schema]))
  return adapter.snapshot(async (snapshot) => {
    const counts = new Map<string, ReturnType<typeof countOf>>()
    for (const { schema, records } of await collectionsOf(archive, source)) {
      const there = live.get(schema.name)
      const selection: Selection | undefined = there && wholeSelection(there)
      const isKeyed = schema.key.length > 0
      const before = selection === undefined ? new Map() : await recordsOf(snapshot.records(selection), isKeyed)
      counts.set(schema.name, countOf(changesBetween(before, await recordsOf(records(), isKeyed))))
    }
    return counts
  })
}
