/** Declared references: nothing is taken along in silence, nothing is left dangling. */
import { describe, expect, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import type { ApplyOutcome, Change } from '../../../src/model/change.ts'
import { UndoneError } from '../../../src/model/errors.ts'
import type { ContractEngine, FamilyFixture, CycleFixture } from '../fixture.ts'
import { leavesUnchanged, recordsOf, selectionOf, withDatabase } from '../scene.ts'

const PARENT = '{"id":1,"name":"P"}'
const CHILD = '{"id":10,"name":"C","parent_id":1}'

export function relating(engine: ContractEngine): void {
  if (engine.family !== undefined) family(engine, engine.family)
  if (engine.cycle !== undefined) cycle(engine, engine.cycle)
}

function family(engine: ContractEngine, fixture: FamilyFixture): void {
  const { setup, fill } = fixture
  const live = async (adapter: Adapter): Promise<readonly unknown[]> => [
    await recordsOf(adapter, await selectionOf(adapter, 'parents')),
    await recordsOf(adapter, await selectionOf(adapter, 'children')),
  ]

  describe('references', () => {
    test('are described', async () => {
      await withDatabase(engine, setup, async ({ adapter }) => {
        const { schema } = await selectionOf(adapter, 'children')
        expect(schema.references).toEqual([{ fields: ['parent_id'], to: 'parents', toFields: ['id'] }])
      })
    })

    test('a deleted parent never takes along a child that the plan does not know', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['parents', 'children'], async () => {
          const outcome = await applyBoth(adapter, { parents: [change(PARENT, undefined)] })
          expect(outcome).toEqual({ status: 'stale', reason: expect.stringContaining('children') })
        })
      })
    })

    test('a child without a parent is refused, unless the plan says that it never had one and the database lets it', async () => {
      const lone = '{"id":11,"name":"L","parent_id":7}'
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        const refused = await applyBoth(adapter, { children: [change(undefined, lone)] })
        expect(refused).toMatchObject({ status: 'violation', collection: 'children' })
        const outcome = await applyBoth(adapter, { children: [{ ...change(undefined, lone), dangling: true }] })
        const isEnforced = fixture.enforced === true
        expect(outcome).toMatchObject({ status: isEnforced ? 'violation' : 'applied' })
        expect(await live(adapter)).toEqual([[PARENT], isEnforced ? [CHILD] : [CHILD, lone]])
        if (isEnforced) return
        // a change that leaves the reference as it is needs no leave
        const renamed = lone.replace('L', 'M')
        expect(await applyBoth(adapter, { children: [change(lone, renamed)] })).toMatchObject({ status: 'applied' })
      })
    })

    test('a deleted parent leaves a child behind that the plan knows', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        const stays: Change = { ...change(CHILD, CHILD), witness: true, dangling: true }
        const plan = { parents: [change(PARENT, undefined)], children: [stays] }
        const failed = (error: unknown): string => (error instanceof UndoneError ? 'undone' : 'another error')
        const outcome = await applyBoth(adapter, plan).then(({ status }) => status, failed)
        // the database's own ON DELETE CASCADE would take the child along: nothing is done then
        const isEnforced = fixture.enforced === true
        expect(outcome).toBe(isEnforced ? 'undone' : 'applied')
        expect(await live(adapter)).toEqual([isEnforced ? [PARENT] : [], [CHILD]])
      })
    })

    test('parent and child are deleted together', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        const plan = { parents: [change(PARENT, undefined)], children: [change(CHILD, undefined)] }
        expect(await applyBoth(adapter, plan)).toEqual({ status: 'applied', inserted: 0, updated: 0, deleted: 2 })
        expect(await live(adapter)).toEqual([[], []])
      })
    })

    test('parent and child are inserted together, whatever the order', async () => {
      await withDatabase(engine, setup, async ({ adapter }) => {
        const plan = { children: [change(undefined, CHILD)], parents: [change(undefined, PARENT)] }
        expect(await applyBoth(adapter, plan)).toMatchObject({ status: 'applied', inserted: 2 })
        expect(await live(adapter)).toEqual([[PARENT], [CHILD]])
      })
    })

    test('a child moves to a new parent while the old one is deleted', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        const [other, moved] = ['{"id":2,"name":"Q"}', '{"id":10,"name":"C","parent_id":2}']
        const plan = {
          parents: [change(PARENT, undefined), change(undefined, other)],
          children: [change(CHILD, moved)],
        }
        expect(await applyBoth(adapter, plan)).toEqual({ status: 'applied', inserted: 1, updated: 1, deleted: 1 })
        expect(await live(adapter)).toEqual([[other], [moved]])
      })
    })

    test('an inserted child without its parent is a violation', async () => {
      await withDatabase(engine, setup, async ({ adapter }) => {
        await leavesUnchanged(adapter, ['parents', 'children'], async () => {
          const outcome = await applyBoth(adapter, { children: [change(undefined, CHILD)] })
          expect(outcome).toMatchObject({ status: 'violation', collection: 'children', key: '[10]' })
        })
      })
    })

    test('a child that the plan points at a missing parent is a violation', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['parents', 'children'], async () => {
          const outcome = await applyBoth(adapter, { children: [change(CHILD, CHILD.replace('":1}', '":77}'))] })
          expect(outcome).toMatchObject({ status: 'violation', collection: 'children', key: '[10]' })
        })
      })
    })

    test('a child that the plan keeps while its parent goes is a violation', async () => {
      await withDatabase(engine, [...setup, ...fill], async ({ adapter }) => {
        await leavesUnchanged(adapter, ['parents', 'children'], async () => {
          const renamed = [change(CHILD, CHILD.replace('"C"', '"D"'))]
          const outcome = await applyBoth(adapter, { parents: [change(PARENT, undefined)], children: renamed })
          expect(outcome).toMatchObject({ status: 'violation', collection: 'children', key: '[10]' })
        })
      })
    })
  })
}

function cycle(engine: ContractEngine, { setup }: CycleFixture): void {
  test('records that refer to each other are inserted and deleted together', async () => {
    await withDatabase(engine, setup, async ({ adapter }) => {
      const [left, right] = ['{"id":1,"right_id":2}', '{"id":2,"left_id":1}']
      const insert = { left: [change(undefined, left)], right: [change(undefined, right)] }
      expect(await applyBoth(adapter, insert)).toEqual({ status: 'applied', inserted: 2, updated: 0, deleted: 0 })
      expect(await recordsOf(adapter, await selectionOf(adapter, 'left'))).toEqual([left])
      expect(await recordsOf(adapter, await selectionOf(adapter, 'right'))).toEqual([right])
      const remove = { left: [change(left, undefined)], right: [change(right, undefined)] }
      expect(await applyBoth(adapter, remove)).toEqual({ status: 'applied', inserted: 0, updated: 0, deleted: 2 })
    })
  })
}

function change(before: string | undefined, after: string | undefined): Change {
  const { id } = JSON.parse(before ?? after ?? '{}') as { readonly id: number }
  return { key: `[${id}]`, before, after }
}

/** Applies changes to several collections as one plan, with a state that goes with them. */
async function applyBoth(
  adapter: Adapter,
  changes: Readonly<Record<string, readonly Change[]>>,
): Promise<ApplyOutcome> {
  const collections = []
  for (const [name, list] of Object.entries(changes))
    collections.push({ selection: await selectionOf(adapter, name), changes: list })
  return adapter.apply({ collections, state: new Map([['sync', 'S2']]), expectedState: new Map() })
}
