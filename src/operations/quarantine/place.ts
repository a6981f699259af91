/** `tandem quarantine accept|rekey|drop`: what a person decided about a record that could not be placed. Live and the quarantine change in one transaction. */
import {
  arrayText,
  keyOf,
  objectText,
  splitArray,
  splitObject,
  type KeyText,
  type RecordText,
} from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { LockedError, UndoneError, UsageError } from '../../model/errors.ts'
import { readCommitted, readRecords } from '../committed.ts'
import { greatestKey } from '../greatest-key.ts'
import { readLive, type Records } from '../live.ts'
import { applySafely } from '../safety/apply-safely.ts'
import type { Source } from '../source.ts'
import { withLockedSources, type Only } from '../sources.ts'
import { expectedEntries } from '../sync-state.ts'
import type { Workspace } from '../workspace.ts'
import { chosenRecords, quarantinedIn, type ListedRecord } from './list.ts'
import { expectedPending, pendingEntry } from './pending.ts'

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

export interface Placed extends ListedRecord {
  /** Where it is in live now; undefined: it was dropped. */
  readonly placedAt: KeyText | undefined
  /** The record of live that it took the place of. */
  readonly replaced: RecordText | undefined
}

/**
 * Carries out the verdict for each named record, one transaction each.
 * @throws UsageError for unknown names, or keys that cannot be given; UndoneError when the database refuses the record
 */
export async function placeQuarantined(workspace: Workspace, options: VerdictOptions): Promise<readonly Placed[]> {
  return withLockedSources(workspace, options, {
    each: async (source) => ({ source, records: await quarantinedIn(source, options.head, options.only) }),
    after: async (found, [failure]) => {
      if (failure !== undefined) throw failure.error
      const placed: Placed[] = []
      for (const record of chosenRecords(
        found.flatMap(({ records }) => records),
        options.names,
      )) {
        const { source } = found.find((each) => each.source.source === record.source) as { source: Source }
        placed.push(await placeOne(workspace, source, { record, options }))
      }
      return placed
    },
  })
}

interface Task {
  readonly record: ListedRecord
  readonly options: VerdictOptions
}

async function placeOne(workspace: Workspace, source: Source, task: Task): Promise<Placed> {
  const { record, options } = task
  const change = options.verdict === 'drop' ? undefined : await changeFor(source, task, workspace.invocation.dryRun)
  const placed = { ...record, placedAt: change?.change.key, replaced: change?.change.before }
  if (!workspace.invocation.dryRun) await write(workspace, source, { record, placement: change })
  return placed
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
  const after = withKey(
    record.record,
    selection,
    await newKey(source, { selection, above, given: options.key, dryRun }),
  )
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

function withKey(record: RecordText, { schema }: Selection, values: readonly string[]): RecordText {
  return objectText([...splitObject(record)].map(([name, value]) => [name, values[schema.key.indexOf(name)] ?? value]))
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
