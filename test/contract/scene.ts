/** What the suite's cases share: a database per test, people as texts, selections, plans, and reading everything back. */
import { expect } from 'vitest'
import type { Adapter } from '../../src/adapters/adapter.ts'
import { compareBytes, objectText, sortedObjectText, stringText } from '../../src/model/canonical.ts'
import type { RecordText, ValueText } from '../../src/model/canonical.ts'
import type { ApplyPlan, Change, LiveRecord, StateChanges } from '../../src/model/change.ts'
import type { Selection } from '../../src/model/collection.ts'
import { type RecordBlock, packRecords } from '../../src/model/packed-records.ts'
import type { ContractDatabase, ContractEngine, Person, Statements } from './fixture.ts'

/** A test's own database, removed at its end whatever happens. */
export async function withDatabase(
  engine: ContractEngine,
  setup: Statements,
  body: (database: ContractDatabase) => Promise<void>,
): Promise<void> {
  const database = await engine.open()
  try {
    await database.run(setup)
    await body(database)
  } finally {
    await database.close()
  }
}

/** The same with the collection `people` holding `people`. */
export async function withPeople(
  engine: ContractEngine,
  people: readonly Person[],
  body: (database: ContractDatabase) => Promise<void>,
): Promise<void> {
  const filling = people.flatMap((each) => engine.people.insert(each))
  await withDatabase(engine, [...engine.people.setup, ...filling], body)
}

/** Person number `id`, with a name and an email of its own. */
export function person(id: number, fields: Partial<Person> = {}): Person {
  return { id, name: `Person ${id}`, email: `p${id}@example.org`, ...fields }
}

/** A person as its record's text; documents keep the order id, name, email, note. */
export function textOf(engine: ContractEngine, { id, name, email, note }: Person): RecordText {
  const texts = { name, email, ...(note !== undefined && { note }) }
  const fields: [string, ValueText][] = [
    [engine.people.keyField, String(id)],
    ...Object.entries(texts).map(([field, value]): [string, ValueText] => [field, stringText(value)]),
  ]
  return engine.people.keyField === '_id' ? objectText(fields) : sortedObjectText(fields)
}

/** The change that turns one person into another; `undefined`: absent. */
export function change(engine: ContractEngine, before: Person | undefined, after: Person | undefined): Change {
  const text = (side: Person | undefined): RecordText | undefined =>
    side === undefined ? undefined : textOf(engine, side)
  return { key: `[${before?.id ?? after?.id}]`, before: text(before), after: text(after) }
}

/** The selection of a whole collection as live describes it, without the omitted fields. */
export async function selectionOf(
  adapter: Adapter,
  name: string,
  options: { readonly omit?: readonly string[]; readonly derived?: readonly string[] } = {},
): Promise<Selection> {
  const { collections } = await adapter.describe()
  const schema = collections.find((collection) => collection.name === name)
  if (schema === undefined) throw new Error(`${name} is not described`)
  const { omit = [], derived = [] } = options
  const fields = schema.fields.filter((field) => !omit.includes(field.name))
  return { schema: { ...schema, fields }, omit, derived }
}

/** A plan for one collection. */
export function planOf(
  selection: Selection,
  changes: readonly Change[],
  state: { readonly set?: StateChanges; readonly expected?: StateChanges } = {},
): ApplyPlan {
  return {
    collections: [{ selection, changes }],
    state: state.set ?? new Map(),
    expectedState: state.expected ?? new Map(),
  }
}

/** All records of a collection, sorted by key: what an export would hold. */
export async function recordsOf(adapter: Adapter, selection: Selection): Promise<readonly RecordText[]> {
  return adapter.snapshot(async (snapshot) => {
    const records: LiveRecord[] = []
    for await (const batch of snapshot.records(selection)) records.push(...batch)
    if (snapshot.blocks !== undefined) await expectPacked(snapshot.blocks(selection), records)
    return records.sort((a, b) => compareBytes(a.key, b.key)).map((record) => record.text)
  })
}

/** The people there are, sorted by key text. */
export async function peopleIn(adapter: Adapter): Promise<readonly RecordText[]> {
  return recordsOf(adapter, await selectionOf(adapter, 'people'))
}

/** Runs `work` and checks that afterwards the collections and the state are what they were. */
export async function leavesUnchanged(
  adapter: Adapter,
  collections: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const look = async (): Promise<unknown> => {
    const records = []
    for (const name of collections) records.push(await recordsOf(adapter, await selectionOf(adapter, name)))
    return { records, state: await adapter.readState() }
  }
  const before = await look()
  await work()
  expect(await look()).toEqual(before)
}

/** As bytes they are the same records. */
async function expectPacked(blocks: AsyncIterable<RecordBlock>, records: readonly LiveRecord[]): Promise<void> {
  const packing = packRecords()
  for await (const block of blocks) packing.add(block)
  expect(packing.count).toBe(records.length)
  // of two with one key the first is kept
  expect(new Map(packing.records)).toEqual(new Map(records.toReversed().map(({ key, text }) => [key, text])))
}
