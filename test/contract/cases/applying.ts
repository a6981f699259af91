/** A plan that fits is applied, whole and with the state. */
import { describe, expect, test } from 'vitest'
import type { ContractEngine } from '../fixture.ts'
import { change, peopleIn, person, planOf, recordsOf, selectionOf, textOf, withPeople } from '../scene.ts'

export function applying(engine: ContractEngine): void {
  describe('applying', () => {
    test('inserts, updates and deletes, and counts them', async () => {
      await withPeople(engine, [person(1), person(2), person(3)], async ({ adapter }) => {
        const changes = [
          change(engine, undefined, person(4)),
          change(engine, undefined, person(5)),
          change(engine, person(1), person(1, { name: 'Changed', note: 'new' })),
          change(engine, person(2), undefined),
        ]
        const outcome = await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))
        expect(outcome).toEqual({ status: 'applied', inserted: 2, updated: 1, deleted: 1 })
        const now = [person(1, { name: 'Changed', note: 'new' }), person(3), person(4), person(5)]
        expect(await peopleIn(adapter)).toEqual(now.map((each) => textOf(engine, each)))
      })
    })

    test('a field that a record no longer has is emptied', async () => {
      await withPeople(engine, [person(1, { note: 'old' })], async ({ adapter }) => {
        const changes = [change(engine, person(1, { note: 'old' }), person(1))]
        expect(await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))).toMatchObject({ updated: 1 })
        expect(await peopleIn(adapter)).toEqual([textOf(engine, person(1))])
      })
    })

    test('missing, empty and the text null are three different things', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        const people = [person(1), person(2, { note: '' }), person(3, { note: 'null' })]
        const changes = people.map((each) => change(engine, undefined, each))
        await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))
        expect(await peopleIn(adapter)).toEqual(people.map((each) => textOf(engine, each)))
      })
    })

    test('a plan without changes writes its state', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        const plan = { collections: [], state: new Map([['sync', 'S1']]), expectedState: new Map() }
        expect(await adapter.apply(plan)).toEqual({ status: 'applied', inserted: 0, updated: 0, deleted: 0 })
        expect(await adapter.readState()).toEqual(new Map([['sync', 'S1']]))
      })
    })

    test('5,000 changes are one plan', async () => {
      const people = Array.from({ length: 5000 }, (_, i) => person(i + 1))
      await withPeople(engine, [], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people')
        const inserts = people.map((each) => change(engine, undefined, each))
        expect(await adapter.apply(planOf(selection, inserts))).toMatchObject({ inserted: 5000 })
        const updates = people.map((each) => change(engine, each, { ...each, note: `n${each.id}` }))
        expect(await adapter.apply(planOf(selection, updates))).toMatchObject({ updated: 5000 })
        const live = await recordsOf(adapter, selection)
        expect(new Set(live)).toEqual(new Set(people.map((each) => textOf(engine, { ...each, note: `n${each.id}` }))))
      })
    })

    test('two records can swap a unique value', async () => {
      await withPeople(engine, [person(1, { email: 'a' }), person(2, { email: 'b' })], async ({ adapter }) => {
        const changes = [
          change(engine, person(1, { email: 'a' }), person(1, { email: 'b' })),
          change(engine, person(2, { email: 'b' }), person(2, { email: 'a' })),
        ]
        const outcome = await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))
        expect(outcome).toEqual({ status: 'applied', inserted: 0, updated: 2, deleted: 0 })
        const now = [person(1, { email: 'b' }), person(2, { email: 'a' })]
        expect(await peopleIn(adapter)).toEqual(now.map((each) => textOf(engine, each)))
      })
    })

    test('a unique value can move from a deleted record along a chain to a new one', async () => {
      const people = [person(1, { email: 'a' }), person(2, { email: 'b' }), person(3, { email: 'c' })]
      await withPeople(engine, people, async ({ adapter }) => {
        const changes = [
          change(engine, undefined, person(4, { email: 'a' })),
          change(engine, person(1, { email: 'a' }), person(1, { email: 'b' })),
          change(engine, person(2, { email: 'b' }), person(2, { email: 'c' })),
          change(engine, person(3, { email: 'c' }), undefined),
        ]
        const outcome = await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))
        expect(outcome).toEqual({ status: 'applied', inserted: 1, updated: 2, deleted: 1 })
        const now = [person(1, { email: 'b' }), person(2, { email: 'c' }), person(4, { email: 'a' })]
        expect(await peopleIn(adapter)).toEqual(now.map((each) => textOf(engine, each)))
      })
    })

    test('an omitted field is not read, and keeps its live value when the record changes', async () => {
      const people = [person(1, { email: 'a', note: 'secret 1' }), person(2, { email: 'b', note: 'secret 2' })]
      await withPeople(engine, people, async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people', { omit: ['note'] })
        const shown = [person(1, { email: 'a' }), person(2, { email: 'b' })]
        expect(await recordsOf(adapter, selection)).toEqual(shown.map((each) => textOf(engine, each)))
        const changes = [
          change(engine, person(1, { email: 'a' }), person(1, { email: 'b', name: 'Changed' })),
          change(engine, person(2, { email: 'b' }), person(2, { email: 'a' })),
          change(engine, undefined, person(3)),
        ]
        expect(await adapter.apply(planOf(selection, changes))).toMatchObject({ updated: 2, inserted: 1 })
        const live = (await peopleIn(adapter)).map((text) => JSON.parse(text) as Partial<Person>)
        expect(live.map(({ email, note }) => [email, note])).toEqual([
          ['b', 'secret 1'],
          ['a', 'secret 2'],
          ['p3@example.org', undefined],
        ])
      })
    })

    test('a derived field is compared nowhere and not written on update', async () => {
      await withPeople(engine, [person(1, { note: 'computed here' })], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people', { derived: ['note'] })
        const changes = [change(engine, person(1, { note: 'computed there' }), person(1, { name: 'N', note: 'later' }))]
        expect(await adapter.apply(planOf(selection, changes))).toMatchObject({ status: 'applied', updated: 1 })
        const [live] = (await peopleIn(adapter)).map((text) => JSON.parse(text) as Partial<Person>)
        expect(live).toMatchObject({ name: 'N', note: 'computed here' })
      })
    })
  })
}

type Person = ReturnType<typeof person>
