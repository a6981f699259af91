/** What must be so of every mark: what was written since, over what was there at it, is what is there now, and the count tells how many others are gone. */
import { expect } from 'vitest'
import type { Adapter } from '../../src/adapters/adapter.ts'
import type { KeyText, RecordText } from '../../src/model/canonical.ts'
import type { Selection } from '../../src/model/collection.ts'
import { selectionOf } from './scene.ts'

/** A mark, and the records that it marks. */
export interface Marked {
  readonly text: string | undefined
  readonly records: ReadonlyMap<KeyText, RecordText>
}

async function all(adapter: Adapter, selection: Selection): Promise<Marked> {
  return adapter.snapshot(async (snapshot) => {
    const records = new Map<KeyText, RecordText>()
    for await (const batch of snapshot.records(selection)) for (const { key, text } of batch) records.set(key, text)
    return { records, text: await snapshot.mark(selection) }
  })
}

export async function markOf(adapter: Adapter, name: string): Promise<Marked> {
  return all(adapter, await selectionOf(adapter, name))
}

/** Checks what the mark tells, and returns how many records it had read; `all` where it tells nothing. */
export async function readSince(adapter: Adapter, name: string, mark: Marked): Promise<number | 'all'> {
  const selection = await selectionOf(adapter, name)
  const now = await all(adapter, selection)
  return adapter.snapshot(async (snapshot) => {
    const since = mark.text === undefined ? undefined : await snapshot.writtenSince(selection, mark.text)
    if (since === undefined) return 'all'
    const told = new Map([...mark.records, ...since.records.map(({ key, text }) => [key, text] as const)])
    const gone = [...told.keys()].filter((key) => !now.records.has(key))
    expect(told.size - since.count).toBe(gone.length)
    for (const key of gone) told.delete(key)
    expect(told).toEqual(now.records)
    const keys = []
    for await (const batch of since.keys()) keys.push(...batch)
    expect(new Set(keys)).toEqual(new Set(now.records.keys()))
    expect(since.records.every(({ key }) => !gone.includes(key))).toBe(true)
    return since.records.length
  })
}
