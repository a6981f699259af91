/** Records that get another key, and keys that come to name another record: what is not exported goes with its record, and no child changes its parent in silence. */
import { describe, expect, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import type { ApplyOutcome, Change } from '../../../src/model/change.ts'
import type { ContractEngine, FamilyFixture } from '../fixture.ts'
import {
  change,
  leavesUnchanged,
  peopleIn,
  person,
  planOf,
  recordsOf,
  selectionOf,
  withDatabase,
  withPeople,
} from '../scene.ts'

export function moving(engine: ContractEngine): void {
  describe('keys that move', () => {
    test('a record that gets another key takes its omitted fields along, and the record that has the key now starts without', async () => {
      await withPeople(engine, [person(1, { email: 'old', note: 'secret 1' })], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people', { omit: ['note'] })
        const old = person(1, { email: 'old' })
        const taken = change(engine, old, person(1, { email: 'new', name: 'New' }))
        const moved = change(engine, undefined, person(2, { email: 'old' }))
        const changes: Change[] = [
          { ...taken, reassigned: true },
          { ...moved, from: taken.key },
        ]
        const outcome = await adapter.apply(planOf(selection, changes))
        expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 1, deleted: 0 })
        const live = (await peopleIn(adapter)).map((text) => JSON.parse(text) as Record<string, unknown>)
        expect(live.map(({ email, note }) => [email, note])).toEqual([
          ['new', undefined],
          ['old', 'secret 1'],
        ])
      })
    })

    test('a key that names another record with the same text afterwards counts as no change, as countOf has it', async () => {
      await withPeople(engine, [person(1), person(3)], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people')
        const same = change(engine, person(1), person(1))
        const moved = change(engine, undefined, person(2, { email: 'moved' }))
        const changes: Change[] = [
          { ...same, reassigned: true },
          { ...moved, from: same.key },
          change(engine, person(3), person(3, { name: 'Changed' })),
        ]
        const outcome = await adapter.apply(planOf(selection, changes))
        expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 1, deleted: 0 })
        expect((await peopleIn(adapter)).length).toBe(3)
      })
    })
  })
  if (engine.family !== undefined) family(engine, engine.family)
}

const [OLD, NEW, MOVED] = ['{"id":1,"name":"P"}', '{"id":1,"name":"Q"}', '{"id":2,"name":"P"}']
const CHILD = '{"id":10,"name":"C","parent_id":1}'
const parents: readonly Change[] = [
  { key: '[1]', before: OLD, after: NEW, reassigned: true },
  { key: '[2]', before: undefined, after: MOVED, from: '[1]' },
]

function family(engine: ContractEngine, { setup, fill }: FamilyFixture): void {
  describe('parents whose key moves', () => {
    test('never get another child in silence: one that the plan does not know makes it stale', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['parents', 'children'], async () => {
          const outcome = await applyFamily(adapter, [])
          expect(outcome).toEqual({ status: 'stale', reason: expect.stringContaining('children') })
        })
      })
    })

    test('take along a child that the plan moves', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        const after = '{"id":10,"name":"C","parent_id":2}'
        const outcome = await applyFamily(adapter, [{ key: '[10]', before: CHILD, after }])
        expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 2, deleted: 0 })
        expect(await recordsOf(adapter, await selectionOf(adapter, 'parents'))).toEqual([NEW, MOVED])
        expect(await recordsOf(adapter, await selectionOf(adapter, 'children'))).toEqual([after])
      })
    })

    test('leave a child that the plan says stays, which counts as no change, but must still be the same', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        const other = CHILD.replace('"C"', '"D"')
        expect(await applyFamily(adapter, [{ key: '[10]', before: other, after: other }])).toMatchObject({
          status: 'stale',
        })
        const outcome = await applyFamily(adapter, [{ key: '[10]', before: CHILD, after: CHILD }])
        expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 1, deleted: 0 })
        expect(await recordsOf(adapter, await selectionOf(adapter, 'children'))).toEqual([CHILD])
      })
    })
  })
}

async function applyFamily(adapter: Adapter, children: readonly Change[]): Promise<ApplyOutcome> {
  const collections = [
    { selection: await selectionOf(adapter, 'parents'), changes: parents },
    { selection: await selectionOf(adapter, 'children'), changes: children },
  ]
  return adapter.apply({ collections, state: new Map([['sync', 'S2']]), expectedState: new Map() })
}
