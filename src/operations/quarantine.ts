/**
 * `tandem quarantine accept|rekey|drop`: what a person decided about a record that could not be placed. Live and the quarantine change in one transaction. A verdict on a record that
 * this database withholds ends the withholding too: what the database holds is an edit from then on, which the next push carries to every machine.
 */
import { readCommitted, readRecords } from '../exports/committed.ts'
import { greatestKey } from '../format/greatest-key.ts'
import { type KeyText, type RecordText, arrayText, keyOf, splitArray, splitObject } from '../model/canonical.ts'
import { comparable, tupleOf } from '../merge/tuple.ts'
import { withKey } from '../merge/duplicates.ts'
import type { Change } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { LockedError, UndoneError, UsageError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import { type ListedRecord, chosenRecords, quarantinedIn } from '../quarantine/list.ts'
import { expectedPending, pendingEntry } from '../quarantine/pending.ts'
import { applySafely } from '../safety/apply-safely.ts'
import { readLive } from '../source/live.ts'
import type { Only } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { withLockedSources } from '../source/sources.ts'
import { expectedEntries } from '../source/sync-state.ts'
import { readWithheld, withheldName, withheldText } from '../source/withheld.ts'
import type { Workspace } from '../workspace/workspace.ts'

export type Verdict = 'accept' | 'rekey' | 'drop'

export interface VerdictOptions {
  readonly head: string | undefined
  readonly only: Only | undefined
  readonly verdict: Verdict
  /** Names from the list. */
  readonly names: readonly string[]
  /** For `rekey`: the new key as a JSON array; undefined: the database hands one out. */
  readonly key: string | undefined
}

export interface PlacedRecord extends ListedRecord {
  /** Where it is in live now; undefined: it was dropped. */
  readonly placedAt: KeyText | undefined
  /** The record of live that it took the place of. */
  readonly replaced: RecordText | undefined
  /** What the verdict does to the other machines. */
  readonly reach: Reach
}

/**
 * `decided`: the next push carries the verdict to every machine. `deletes`, `replaces`: it does so by taking the record, which this database refused, from every machine, or by putting
 * there what this database has instead. `elsewhere`: another database refuses the record, and goes on to differ.
 */
export type Reach = 'decided' | 'deletes' | 'replaces' | 'elsewhere'

/**
 * Carries out the verdict for each named record, one transaction each.
 * @throws UsageError for unknown names, or keys that cannot be given; UndoneError when the database refuses the record
 */
export async function placeQuarantined(
  workspace: Workspace,
  options: VerdictOptions,
): Promise<readonly PlacedRecord[]> {
  return withLockedSources(workspace, options, {
    each: async (source) => ({ source, records: await quarantinedIn(source, options.head, options.only) }),
    after: async (found, [failure]) => {
      if (failure !== undefined) throw failure.error
      const all = found.flatMap(({ records }) => records)
      const chosen = chosenRecords(all, options.names)
      const placed: PlacedRecord[] = []
      for (const { source } of found) {
        const own = chosen.filter((record) => record.source === source.source)
        const inOrder = options.verdict === 'accept' ? own : childrenFirst(source, { chosen: own, all })
        for (const record of inOrder) placed.push(await placeOne(workspace, source, { record, options }))
      }
      return placed
    },
  })
}

interface Task {
  readonly record: ListedRecord
  readonly options: VerdictOptions
}

async function placeOne(workspace: Workspace, source: Source, task: Task): Promise<PlacedRecord> {
  const { record, options } = task
  const live = await recordHere(source, record)
  if (options.verdict === 'rekey' && live === record.record)
    throw new UsageError(`${record.collection} ${record.key} is in this database, and another database refuses it`, {
      hint: 'Run it on the machine whose database refuses the record; tandem verify there names it.',
    })
  const change = options.verdict === 'drop' ? undefined : await changeFor(source, task, workspace.invocation.dryRun)
  const placed = { ...record, placedAt: change?.change.key, replaced: change?.change.before }
  if (!workspace.invocation.dryRun) await write(workspace, source, { record, placement: change })
  return { ...placed, reach: reachOf(record, options.verdict, live) }
}

/** What live has under the record's key. */
async function recordHere(source: Source, { collection, key }: ListedRecord): Promise<RecordText | undefined> {
  return (await readLive(source, [collection])).actual.get(collection)?.get(key)
}

function reachOf({ withheld, record }: ListedRecord, verdict: Verdict, live: RecordText | undefined): Reach {
  if (!withheld) return live === record ? 'elsewhere' : 'decided'
  if (verdict !== 'drop') return 'decided'
  return live === undefined ? 'deletes' : 'replaces'
}

/**
 * The chosen records, each behind those that refer to it: what this database withholds may not be taken from the others while a record that refers to it stays.
 * @throws UsageError naming what refers to a withheld record and was not chosen
 */
function childrenFirst(
  source: Source,
  { chosen, all }: Readonly<Record<'chosen' | 'all', readonly ListedRecord[]>>,
): readonly ListedRecord[] {
  const withheld = all.filter((each) => each.withheld && each.source === source.source)
  const done: ListedRecord[] = []
  const add = (record: ListedRecord): void => {
    if (done.includes(record)) return
    const children = record.withheld ? withheld.filter((each) => each !== record && refersTo(source, each, record)) : []
    const missing = children.find((child) => !chosen.includes(child))
    if (missing !== undefined)
      throw new UsageError(
        `${missing.collection} ${missing.key} refers to ${record.collection} ${record.key} and is withheld with it`,
        { hint: `Name both: ${missing.id} ${record.id}` },
      )
    waiting.add(record)
    for (const child of children) if (!waiting.has(child)) add(child)
    done.push(record)
  }
  const waiting = new Set<ListedRecord>()
  for (const record of chosen) add(record)
  return done
}

function refersTo(source: Source, child: ListedRecord, parent: ListedRecord): boolean {
  const references = source.selections.get(child.collection)?.schema.references ?? []
  return references.some(({ fields, to, toFields }) => {
    const value = to === parent.collection ? tupleOf(child.record, fields, comparable) : undefined
    return value !== undefined && value === tupleOf(parent.record, toFields, comparable)
  })
}

interface Placement {
  readonly selection: Selection
  readonly change: Change
}

async function changeFor(source: Source, { record, options }: Task, dryRun: boolean): Promise<Placement> {
  const selection = source.selections.get(record.collection)
  if (selection === undefined)
    throw new UsageError(`${source.description.database} has no ${record.collection}`, { hint: 'Run your migrations.' })
  const live = (await readLive(source, [record.collection])).actual.get(record.collection) as Records
  if (options.verdict === 'accept')
    return { selection, change: { key: record.key, before: live.get(record.key), after: record.record } }
  const head = await readRecords(source, (await readCommitted(source, options.head)).get(record.collection))
  const above = greatestKey([live, head])
  const values = await newKey(source, { selection, above, given: options.key, dryRun })
  const after = withKey(record.record, selection.schema.key, arrayText(values))
  const key = keyOf(splitObject(after), selection.schema.key)
  if (live.has(key))
    throw new UsageError(`${record.collection} has a record ${key} already`, { hint: 'Choose another --key.' })
  return { selection, change: { key, before: undefined, after } }
}

async function newKey(
  source: Source,
  at: {
    readonly selection: Selection
    readonly above: bigint
    readonly given: string | undefined
    readonly dryRun: boolean
  },
): Promise<readonly string[]> {
  const { schema } = at.selection
  if (at.given !== undefined) return givenKey(at.given, schema.key)
  if (!source.rules(schema.name).serialKey)
    throw new UsageError(`the database hands out no keys for ${schema.name} (${schema.key.join(', ')})`, {
      hint: `Give one: tandem quarantine rekey RECORD --key '["…"]'`,
    })
  return at.dryRun ? [String(at.above + 1n)] : source.adapter.nextKeys(schema, 1, at.above)
}

function givenKey(text: string, names: readonly string[]): readonly string[] {
  try {
    JSON.parse(text)
    const values = splitArray(text)
    if (values.length === names.length) return values
  } catch {
    // told below
  }
  throw new UsageError(`--key: ${text} is no JSON array of ${names.length} values (${names.join(', ')})`)
}

/** @throws UndoneError, LockedError; nothing is changed then */
async function write(
  workspace: Workspace,
  source: Source,
  at: { readonly record: ListedRecord; readonly placement: Placement | undefined },
): Promise<void> {
  const { record, placement } = at
  const { collection, key, record: text, reason } = record
  const before = await source.adapter.readState()
  const state = new Map([pendingEntry(before, { remove: [{ collection, key, record: text, reason }] })])
  const expectedState = new Map([...expectedEntries(before, []), expectedPending(before)])
  if (record.withheld) {
    const name = withheldName(collection)
    const staying = [...(readWithheld(before).get(collection) ?? [])].filter(([each]) => each !== key)
    state.set(name, withheldText(new Map(staying)))
    expectedState.set(name, before.get(name))
  }
  const collections = placement === undefined ? [] : [{ selection: placement.selection, changes: [placement.change] }]
  const plan = { collections, state, expectedState }
  const outcome = await applySafely(workspace, source, { kind: 'quarantine', plan, before: new Map(), state: before })
  if (outcome.status === 'applied') return
  const name = `${collection} ${arrayText(splitArray(key))}`
  if (outcome.status === 'stale') throw new LockedError(`${name}: ${outcome.reason}; run it again`)
  throw new UndoneError(`${name} violates ${outcome.constraint}: ${outcome.message}; nothing was changed`, {
    hint: 'Change what is in its way first, or give it another key: tandem quarantine rekey',
  })
}
