/** What a database does by itself: triggers must be silent during a plan, numbers must go on after it. */
import { describe, expect, test } from 'vitest'
import type { ContractEngine, SerialFixture, TriggerFixture } from '../fixture.ts'
import { change, peopleIn, person, planOf, selectionOf, textOf, withPeople } from '../scene.ts'

export function automatic(engine: ContractEngine): void {
  if (engine.triggers !== undefined) firing(engine, engine.triggers)
  if (engine.serial !== undefined) numbering(engine, engine.serial)
}

function firing(engine: ContractEngine, triggers: TriggerFixture): void {
  describe('triggers', () => {
    test('do not fire during a plan, and fire again afterwards', async () => {
      await withPeople(engine, [person(1), person(2)], async ({ adapter, run }) => {
        await run(triggers.setup)
        const changes = [
          change(engine, person(1), person(1, { name: 'Changed' })),
          change(engine, undefined, person(3)),
          change(engine, person(2), undefined),
        ]
        expect(await adapter.apply(planOf(await selectionOf(adapter, 'people'), changes))).toMatchObject({
          status: 'applied',
        })
        const now = [person(1, { name: 'Changed' }), person(3)]
        expect(await peopleIn(adapter)).toEqual(now.map((each) => textOf(engine, each)))
        await run(engine.people.set(1, 'name', 'By hand'))
        const [first] = await peopleIn(adapter)
        expect(first).toBe(textOf(engine, person(1, { name: 'By hand', note: 'fired' })))
      })
    })
  })
}

function numbering(engine: ContractEngine, serial: SerialFixture): void {
  describe('numbers handed out by the database', () => {
    test('go on above an inserted record', async () => {
      await withPeople(engine, [], async ({ adapter, run }) => {
        const selection = await selectionOf(adapter, 'people')
        expect(selection.schema.fields.find(({ name }) => name === engine.people.keyField)?.serial).toBe(true)
        await adapter.apply(planOf(selection, [change(engine, undefined, person(500))]))
        await run(serial.insertWithoutKey(1))
        const ids = (await peopleIn(adapter)).map((text) => (JSON.parse(text) as { readonly id: number }).id)
        expect(ids).toEqual([500, 501])
      })
    })

    test('are taken above a limit and above every record, and never handed out twice', async () => {
      await withPeople(engine, [person(7)], async ({ adapter, run }) => {
        const { schema } = await selectionOf(adapter, 'people')
        const taken = [...(await adapter.nextKeys(schema, 3, 0n)), ...(await adapter.nextKeys(schema, 2, 100n))]
        await run(serial.insertWithoutKey(1))
        const ids = (await peopleIn(adapter)).map((text) => (JSON.parse(text) as { readonly id: number }).id)
        expect(taken).toHaveLength(5)
        const all = [...taken.map(Number), ...ids]
        expect(new Set(all).size).toBe(all.length)
        expect(Math.min(...taken.map(Number))).toBeGreaterThan(7)
        expect(Math.min(...taken.slice(3).map(Number))).toBeGreaterThan(100)
      })
    })
  })
}
