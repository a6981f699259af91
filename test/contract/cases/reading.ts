/** Describing a database and reading it at one moment. */
import { describe, expect, test } from 'vitest'
import type { ContractEngine } from '../fixture.ts'
import { peopleIn, person, recordsOf, selectionOf, textOf, withDatabase, withPeople } from '../scene.ts'

export function reading(engine: ContractEngine): void {
  describe('reading', () => {
    test('describes structure in engine-neutral words', async () => {
      await withDatabase(engine, engine.description.setup, async ({ adapter }) => {
        const description = await adapter.describe()
        expect(description.collections).toEqual(engine.description.collections)
        const leftOut = new Map(description.leftOut.map(({ name, reason }) => [name, reason]))
        for (const name of engine.description.leftOut) expect(leftOut.get(name)).toMatch(/\w/)
        expect(description.database).not.toBe('')
        expect(description.server).toMatch(/\d/)
      })
    })

    test('never describes the tables of the tool itself', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        await adapter.writeState(new Map([['id', 'x']]), new Map())
        const { collections, leftOut } = await adapter.describe()
        expect(collections.map(({ name }) => name)).toEqual(['people'])
        expect(leftOut.filter(({ name }) => name.includes('tandem'))).toEqual([])
      })
    })

    test('names the key and the unique field', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        const { schema } = await selectionOf(adapter, 'people')
        expect(schema.key).toEqual([engine.people.keyField])
        expect(schema.uniques).toEqual([['email']])
      })
    })

    test('an empty collection has no records and counts zero', async () => {
      await withPeople(engine, [], async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people')
        expect(await recordsOf(adapter, selection)).toEqual([])
        expect(await adapter.snapshot(async (snapshot) => snapshot.count(selection.schema))).toBe(0)
      })
    })

    test('5,000 records come in batches, each once', async () => {
      const people = Array.from({ length: 5000 }, (_, i) => person(i + 1))
      await withPeople(engine, people, async ({ adapter }) => {
        const selection = await selectionOf(adapter, 'people')
        const { sizes, keys, count } = await adapter.snapshot(async (snapshot) => {
          const batches = []
          for await (const batch of snapshot.records(selection)) batches.push(batch)
          return {
            sizes: batches.map((batch) => batch.length),
            keys: new Set(batches.flat().map((record) => record.key)),
            count: await snapshot.count(selection.schema),
          }
        })
        expect(sizes.length).toBeGreaterThan(1)
        expect(Math.max(...sizes)).toBeLessThan(5000)
        expect(sizes.reduce((a, b) => a + b)).toBe(5000)
        expect(keys).toEqual(new Set(people.map(({ id }) => `[${id}]`)))
        expect(count).toBe(5000)
      })
    })

    test('a loop left early leaves nothing locked', async () => {
      const people = Array.from({ length: 2500 }, (_, i) => person(i + 1))
      await withPeople(engine, people, async ({ adapter, run }) => {
        const selection = await selectionOf(adapter, 'people')
        const first = await adapter.snapshot(async (snapshot) => {
          for await (const batch of snapshot.records(selection)) return batch.length
          return 0
        })
        expect(first).toBeGreaterThan(0)
        await run(engine.people.remove(1))
        expect(await peopleIn(adapter)).toHaveLength(2499)
      })
    })

    test('a snapshot that fails passes the error on and leaves nothing locked', async () => {
      await withPeople(engine, [person(1)], async ({ adapter, run }) => {
        const failing = adapter.snapshot(async () => {
          throw new RangeError('mine')
        })
        await expect(failing).rejects.toThrow(new RangeError('mine'))
        await run(engine.people.remove(1))
        expect(await peopleIn(adapter)).toEqual([])
      })
    })

    test('a snapshot shows one moment while others write, where the server can', async () => {
      await withPeople(engine, [person(1), person(2)], async ({ adapter, run }) => {
        const selection = await selectionOf(adapter, 'people')
        const [before, during] = await adapter.snapshot(async (snapshot) => {
          const look = async (): Promise<readonly string[]> => {
            const texts = []
            for await (const batch of snapshot.records(selection)) texts.push(...batch.map((record) => record.text))
            return texts.sort()
          }
          const first = await look()
          await run([...engine.people.set(1, 'name', 'Changed'), ...engine.people.insert(person(3))])
          return [first, await look()]
        })
        const now = [person(1, { name: 'Changed' }), person(2), person(3)].map((each) => textOf(engine, each))
        expect(during).toEqual(adapter.capabilities.concurrentSnapshot ? before : now.toSorted())
        expect(await peopleIn(adapter)).toEqual(now)
      })
    })
  })
}
