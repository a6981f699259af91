/** The tool's state texts inside the database. */
import { describe, expect, test } from 'vitest'
import type { ContractEngine } from '../fixture.ts'
import { change, peopleIn, person, planOf, selectionOf, textOf, withPeople } from '../scene.ts'

export function remembering(engine: ContractEngine): void {
  describe('state', () => {
    test('is empty before the first write', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        expect(await adapter.readState()).toEqual(new Map())
        expect(await adapter.snapshot(async (snapshot) => snapshot.state)).toEqual(new Map())
      })
    })

    test('is written, read, replaced and removed by name', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        const long = `{"commit":"${'é😀"\\\n'.repeat(2000)}"}`
        expect(
          await adapter.writeState(
            new Map([
              ['a', '1'],
              ['b', long],
            ]),
            new Map(),
          ),
        ).toBe(true)
        expect(await adapter.readState()).toEqual(
          new Map([
            ['a', '1'],
            ['b', long],
          ]),
        )
        expect(
          await adapter.writeState(
            new Map([
              ['a', '2'],
              ['b', undefined],
              ['c', ''],
            ]),
            new Map(),
          ),
        ).toBe(true)
        expect(await adapter.readState()).toEqual(
          new Map([
            ['a', '2'],
            ['c', ''],
          ]),
        )
      })
    })

    test('is written only if what is expected still holds', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        expect(await adapter.writeState(new Map([['a', '1']]), new Map([['a', undefined]]))).toBe(true)
        expect(await adapter.writeState(new Map([['a', '2']]), new Map([['a', undefined]]))).toBe(false)
        expect(await adapter.writeState(new Map([['a', '2']]), new Map([['a', '0']]))).toBe(false)
        expect(
          await adapter.writeState(
            new Map([['a', '2']]),
            new Map([
              ['a', '1'],
              ['b', 'x'],
            ]),
          ),
        ).toBe(false)
        expect(await adapter.readState()).toEqual(new Map([['a', '1']]))
        expect(
          await adapter.writeState(
            new Map([['a', '2']]),
            new Map([
              ['a', '1'],
              ['b', undefined],
            ]),
          ),
        ).toBe(true)
        expect(await adapter.readState()).toEqual(new Map([['a', '2']]))
      })
    })

    test('of two writers that expect the same, one wins', async () => {
      await withPeople(engine, [], async ({ adapter, another }) => {
        await adapter.writeState(new Map([['a', '0']]), new Map())
        const other = await another()
        const expected = new Map([['a', '0']])
        const won = await Promise.all([
          adapter.writeState(new Map([['a', 'mine']]), expected),
          other.writeState(new Map([['a', 'theirs']]), expected),
        ])
        expect(won.filter(Boolean)).toHaveLength(1)
        expect(await adapter.readState()).toEqual(new Map([['a', won[0] ? 'mine' : 'theirs']]))
      })
    })

    test('goes with the records of a plan', async () => {
      await withPeople(engine, [person(1)], async ({ adapter }) => {
        await adapter.writeState(
          new Map([
            ['sync', 'S1'],
            ['id', 'x'],
          ]),
          new Map(),
        )
        const plan = planOf(await selectionOf(adapter, 'people'), [change(engine, person(1), undefined)], {
          set: new Map([
            ['sync', 'S2'],
            ['id', undefined],
          ]),
          expected: new Map([
            ['sync', 'S1'],
            ['candidate', undefined],
          ]),
        })
        expect(await adapter.apply(plan)).toMatchObject({ status: 'applied' })
        expect(await adapter.readState()).toEqual(new Map([['sync', 'S2']]))
        expect(await adapter.snapshot(async (snapshot) => snapshot.state)).toEqual(new Map([['sync', 'S2']]))
      })
    })

    test('is seen by another adapter', async () => {
      await withPeople(engine, [], async ({ adapter, another }) => {
        await adapter.writeState(new Map([['a', '1']]), new Map())
        expect(await (await another()).readState()).toEqual(new Map([['a', '1']]))
      })
    })

    test('can be dropped, twice, and leaves the records alone', async () => {
      await withPeople(engine, [person(1)], async ({ adapter }) => {
        await adapter.writeState(new Map([['a', '1']]), new Map())
        await adapter.dropState()
        await adapter.dropState()
        expect(await adapter.readState()).toEqual(new Map())
        expect(await peopleIn(adapter)).toEqual([textOf(engine, person(1))])
        expect(await adapter.writeState(new Map([['a', '2']]), new Map([['a', undefined]]))).toBe(true)
      })
    })
  })
}
