/** Values are kept to the byte: what was read can be written into an equal database and reads the same. */
import { describe, expect, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { keyOf, splitObject } from '../../../src/model/canonical.ts'
import type { RecordText } from '../../../src/model/canonical.ts'
import type { Change } from '../../../src/model/change.ts'
import type { CollectionSchema } from '../../../src/model/collection.ts'
import type { ContractEngine } from '../fixture.ts'
import { planOf, recordsOf, selectionOf, withDatabase } from '../scene.ts'

export function keeping(engine: ContractEngine): void {
  const { values } = engine
  const records = values.records.toSorted()

  const live = async (adapter: Adapter): Promise<readonly RecordText[]> =>
    (await recordsOf(adapter, await selectionOf(adapter, values.collection))).toSorted()

  describe('keeping values', () => {
    test('every value is read as its canonical text', async () => {
      await withDatabase(engine, [...values.setup, ...values.fill], async ({ adapter }) => {
        expect(await live(adapter)).toEqual(records)
      })
    })

    test('records inserted into an equal empty database read the same, byte for byte', async () => {
      await withDatabase(engine, values.setup, async ({ adapter }) => {
        const selection = await selectionOf(adapter, values.collection)
        const changes = records.map((after) => changeOf(selection.schema, undefined, after))
        const outcome = await adapter.apply(planOf(selection, changes))
        expect(outcome).toEqual({ status: 'applied', inserted: records.length, updated: 0, deleted: 0 })
        expect(await live(adapter)).toEqual(records)
      })
    })

    test('every record can be deleted by its text', async () => {
      await withDatabase(engine, [...values.setup, ...values.fill], async ({ adapter }) => {
        const selection = await selectionOf(adapter, values.collection)
        const changes = records.map((before) => changeOf(selection.schema, before, undefined))
        const outcome = await adapter.apply(planOf(selection, changes))
        expect(outcome).toEqual({ status: 'applied', inserted: 0, updated: 0, deleted: records.length })
        expect(await live(adapter)).toEqual([])
      })
    })

    if (values.mayBeMissing !== true) return

    test('every value can be removed by an update, and put back', async () => {
      await withDatabase(engine, [...values.setup, ...values.fill], async ({ adapter }) => {
        const selection = await selectionOf(adapter, values.collection)
        const bare = records.map((text) => keyOnly(selection.schema, text))
        const emptied = records.map((before, i) => changeOf(selection.schema, before, bare[i]))
        expect(await adapter.apply(planOf(selection, emptied))).toMatchObject({ status: 'applied' })
        expect(await live(adapter)).toEqual(bare.toSorted())
        const filled = records.map((after, i) => changeOf(selection.schema, bare[i], after))
        expect(await adapter.apply(planOf(selection, filled))).toMatchObject({ status: 'applied' })
        expect(await live(adapter)).toEqual(records)
      })
    })
  })
}

function changeOf(schema: CollectionSchema, before: RecordText | undefined, after: RecordText | undefined): Change {
  return { key: keyOf(splitObject(before ?? after ?? '{}'), schema.key), before, after }
}

/** The record without all fields but its key. */
function keyOnly(schema: CollectionSchema, text: RecordText): RecordText {
  const fields = [...splitObject(text)].filter(([name]) => schema.key.includes(name))
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}
