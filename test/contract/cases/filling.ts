/** Filling empty tables as a whole does what the same records as changes do: the same rows, the same refusals, and nothing where something is refused. */
import { describe, expect, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { type RecordText, keyOf, splitObject } from '../../../src/model/canonical.ts'
import type { ApplyPlan, CollectionLoad, LiveRecord } from '../../../src/model/change.ts'
import type { Selection } from '../../../src/model/collection.ts'
import type {
  CheckFixture,
  ContractEngine,
  ConversionFixture,
  CycleFixture,
  FamilyFixture,
  Statements,
  TriggerFixture,
} from '../fixture.ts'
import { leavesUnchanged, person, recordsOf, selectionOf, textOf, withDatabase } from '../scene.ts'

/** Collection → its records, in the order in which they are to be written. */
type Contents = Readonly<Record<string, readonly RecordText[]>>

export function filling(engine: ContractEngine): void {
  whole(engine)
  differential(engine)
  if (engine.family !== undefined) family(engine, engine.family)
  if (engine.cycle !== undefined) cycle(engine, engine.cycle)
  if (engine.check !== undefined) single(engine, 'refuses what a check refuses', engine.check)
  if (engine.conversion !== undefined) single(engine, 'is not filled with what would be changed', engine.conversion)
  if (engine.triggers !== undefined) triggers(engine, engine.triggers)
}

function peopleOf(engine: ContractEngine, count: number): readonly RecordText[] {
  return Array.from({ length: count }, (_, i) => textOf(engine, person(i + 1)))
}

function whole(engine: ContractEngine): void {
  const people = peopleOf(engine, 250)

  describe('an empty table', () => {
    test('is filled with what was given, state included, and hands out no number twice', async () => {
      await withDatabase(engine, engine.people.setup, async ({ adapter, run }) => {
        const plan = await loadsOf(adapter, { people }, { set: 'S1' })
        expect(await adapter.apply(plan)).toEqual({ status: 'applied', inserted: 250, updated: 0, deleted: 0 })
        expect(await adapter.readState()).toEqual(new Map([['sync', 'S1']]))
        expect(await sorted(adapter, 'people')).toEqual([...people].sort())
        await run(engine.serial?.insertWithoutKey(1) ?? [])
      })
    })

    test('that holds one of the records meanwhile makes the plan stale', async () => {
      await withDatabase(engine, [...engine.people.setup, ...engine.people.insert(person(2))], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['people'], async () => {
          const outcome = await adapter.apply(await loadsOf(adapter, { people: people.slice(0, 3) }, { set: 'S1' }))
          expect(outcome).toMatchObject({ status: 'stale' })
        })
      })
    })

    test('stays empty where the state is another, and where the records cannot be read to their end', async () => {
      await withDatabase(engine, engine.people.setup, async ({ adapter }) => {
        await leavesUnchanged(adapter, ['people'], async () => {
          const plan = await loadsOf(adapter, { people }, { set: 'S1' })
          const stale = await adapter.apply({ ...plan, expectedState: new Map([['sync', 'S0']]) })
          expect(stale).toMatchObject({ status: 'stale' })
          const [load] = plan.loads ?? []
          const broken = { ...(load as CollectionLoad), records: () => failing(people) }
          await expect(adapter.apply({ ...plan, loads: [broken] })).rejects.toThrow('cut off')
        })
        expect(await adapter.apply(await loadsOf(adapter, { people }))).toMatchObject({ status: 'applied' })
      })
    })
  })
}

function differential(engine: ContractEngine): void {
  const people = peopleOf(engine, 9)
  const { setup } = engine.people

  describe('filled as with changes, an empty table', () => {
    test('takes every value', async () => {
      const { collection, records } = engine.values
      const [filled, changed] = await bothWays(engine, engine.values.setup, { [collection]: records })
      expect(filled).toEqual(changed)
    })

    test('takes no record twice', async () => {
      const [filled, changed] = await bothWays(engine, setup, { people: [...people, textOf(engine, person(3))] })
      expect(filled).toEqual(changed)
    })

    test('keeps its unique keys', async () => {
      const same = [1, 2].map((id) => textOf(engine, person(id, { email: 'same@example.org' })))
      const [filled, changed] = await bothWays(engine, setup, { people: same })
      expect(filled).toEqual(changed)
    })

    test('has placeholders in fields that are not exported', async () => {
      const placeholders = new Map([['email', 'nobody@example.org']])
      const bare = [`{"${engine.people.keyField}":1,"name":"A"}`]
      const [filled, changed] = await bothWays(engine, setup, { people: bare }, { omit: ['email'], placeholders })
      expect(filled).toEqual(changed)
    })
  })
}

function single(engine: ContractEngine, title: string, fixture: CheckFixture | ConversionFixture): void {
  test(`filled as with changes, an empty table ${title}`, async () => {
    const [filled, changed] = await bothWays(engine, fixture.setup, { [fixture.collection]: [fixture.record] })
    expect(filled).toEqual(changed)
  })
}

function triggers(engine: ContractEngine, fixture: TriggerFixture): void {
  test('filled as with changes, an empty table runs no triggers', async () => {
    const setup = [...engine.people.setup, ...fixture.setup]
    const [filled, changed] = await bothWays(engine, setup, { people: peopleOf(engine, 5) })
    expect(filled).toEqual(changed)
  })
}

function family(engine: ContractEngine, { setup }: FamilyFixture): void {
  const [parent, child, lone] = ['{"id":1,"name":"P"}', '{"id":10,"name":"C","parent_id":1}', '{"id":11,"parent_id":7}']

  test.each([
    ['before their parents', { children: [child], parents: [parent] }],
    ['with one that has no parent', { parents: [parent], children: [child, lone] }],
    ['alone', { children: [child] }],
  ])('filled as with changes, children come %s', async (_, contents: Contents) => {
    const [filled, changed] = await bothWays(engine, setup, contents)
    expect(filled).toEqual(changed)
  })
}

function cycle(engine: ContractEngine, { setup }: CycleFixture): void {
  test.each([1, 9])('filled as with changes, two tables refer to each other, to %d', async (to) => {
    const contents = { left: ['{"id":1,"right_id":2}'], right: [`{"id":2,"left_id":${to}}`] }
    const [filled, changed] = await bothWays(engine, setup, contents)
    expect(filled).toEqual(changed)
  })
}

/** Fills one database and applies the same records as changes to another. Answers outcome or error, records and state of each, which are to be the same. */
async function bothWays(
  engine: ContractEngine,
  setup: Statements,
  contents: Contents,
  options: Partial<Pick<Selection, 'omit' | 'placeholders'>> = {},
): Promise<readonly unknown[]> {
  const results: unknown[] = []
  for (const asChanges of [false, true])
    await withDatabase(engine, setup, async ({ adapter }) => {
      const loads = await loadsOf(adapter, contents, { set: 'S1', ...options })
      const plan = asChanges ? await changesOf(loads) : loads
      const answer = await adapter.apply(plan).catch((error: Error) => error.message)
      // each way has a database of its own, whose random name servers put into messages
      const outcome = JSON.parse(JSON.stringify(answer).replaceAll(/source \S+:|tandem_[0-9a-f]+/g, '…')) as unknown
      const there: Record<string, unknown> = {}
      for (const name of Object.keys(contents)) there[name] = await sorted(adapter, name)
      results.push({ outcome, there, state: await adapter.readState() })
    })
  return results
}

async function loadsOf(
  adapter: Adapter,
  contents: Contents,
  { set, ...options }: { readonly set?: string } & Partial<Pick<Selection, 'omit' | 'placeholders'>> = {},
): Promise<ApplyPlan> {
  const loads: CollectionLoad[] = []
  for (const [name, records] of Object.entries(contents)) {
    const selection = { ...(await selectionOf(adapter, name, { omit: options.omit ?? [] })), ...options }
    loads.push({ selection, records: () => batchesOf(selection, records) })
  }
  const state = new Map(set === undefined ? [] : [['sync', set]])
  return { collections: [], loads, state, expectedState: new Map() }
}

async function changesOf({ loads = [], ...plan }: ApplyPlan): Promise<ApplyPlan> {
  const collections = []
  for (const { selection, records } of loads) {
    const changes = []
    for await (const batch of records())
      changes.push(...batch.map(({ key, text }) => ({ key, before: undefined, after: text })))
    collections.push({ selection, changes })
  }
  return { ...plan, collections }
}

async function* batchesOf(selection: Selection, records: readonly RecordText[]): AsyncIterable<readonly LiveRecord[]> {
  for (let i = 0; i < records.length; i += 100)
    yield records.slice(i, i + 100).map((text) => ({ key: keyOf(splitObject(text), selection.schema.key), text }))
}

async function* failing(records: readonly RecordText[]): AsyncIterable<readonly LiveRecord[]> {
  yield records.map((text) => ({ key: '[0]', text }))
  throw new Error('cut off')
}

async function sorted(adapter: Adapter, name: string): Promise<readonly RecordText[]> {
  return [...(await recordsOf(adapter, await selectionOf(adapter, name)))].sort()
}
