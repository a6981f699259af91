/** What digests of documents tell of those written since an earlier moment: never too few. */
import { MongoClient, type Collection, type Document } from 'mongodb'
import { describe, expect, inject, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { createMongoDatabase } from '../../support/mongodb.ts'
import { randomOf } from '../../trials/simulator/random.ts'
import { openAsProgram } from '../database.ts'
import { type Marked, markOf, readSince } from '../marked.ts'

const DOCUMENTS = 1500

interface Posts {
  readonly adapter: Adapter
  readonly posts: Collection<Document & { _id: number | string }>
}

async function withPosts({ uri }: { readonly uri: string }, work: (posts: Posts) => Promise<void>): Promise<void> {
  const database = await createMongoDatabase(uri)
  const client = new MongoClient(database.uri)
  const adapter = await openAsProgram(database.uri)
  try {
    const posts: Posts['posts'] = client.db().collection('posts')
    await posts.insertMany(
      Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: n * 3, title: `t${n}`, tags: ['a', n] })),
    )
    await work({ adapter, posts })
  } finally {
    await adapter.close()
    await client.close()
    await database.drop()
  }
}

type Deed = (posts: Posts['posts'], n: number) => Promise<unknown>

const DEEDS: readonly Deed[] = [
  (posts, n) => posts.updateMany({ _id: { $gte: n, $lt: n + 30 } }, { $set: { title: `w${n}` } }),
  (posts, n) => posts.insertMany([{ _id: n * 3 + 1, title: 'new' }, { _id: `text ${n}` }]).catch(() => undefined),
  (posts, n) => posts.deleteMany({ _id: { $gte: n, $lt: n + 40 } }),
  (posts, n) => posts.replaceOne({ _id: n * 3 }, { tags: [], title: 'other order' }),
  (posts, n) => posts.updateOne({ _id: n * 3 }, { $set: { blob: 'x'.repeat(n) } }),
  (posts, n) => posts.updateOne({ _id: n * 3 }, { $set: { title: `t${n}` } }),
]

describe.each(inject('mongodb'))('MongoDB ($name)', (server) => {
  test('random histories', () =>
    withPosts(server, async ({ adapter, posts }) => {
      const random = randomOf(5)
      const marks: Marked[] = []
      for (let round = 0; round < 12; round++) {
        marks.push(await markOf(adapter, 'posts'))
        await random.pick(DEEDS)(posts, random.integer(1, DOCUMENTS))
        for (const mark of marks.slice(-3)) expect(await readSince(adapter, 'posts', mark)).not.toBe('all')
      }
    }))

  test('few documents are read for few that were written, none for none', () =>
    withPosts(server, async ({ adapter, posts }) => {
      const mark = await markOf(adapter, 'posts')
      expect(await readSince(adapter, 'posts', mark)).toBe(0)
      await adapter.writeState(new Map([['lock', 'x']]), new Map())
      expect(await readSince(adapter, 'posts', mark)).toBe(0)
      await posts.updateMany({ _id: { $in: [3, 1500] } }, { $set: { title: 'w' } })
      const read = await readSince(adapter, 'posts', mark)
      expect(read).toBeGreaterThan(1)
      expect(read).toBeLessThan(400)
    }))

  test('what comes while documents are read is in no mark of that moment', () =>
    withPosts(server, async ({ adapter, posts }) => {
      const { collections } = await adapter.describe()
      const selection = { schema: collections[0]!, omit: [], derived: [] }
      const records = new Map<string, string>()
      const text = await adapter.snapshot(async (snapshot) => {
        expect(await snapshot.mark(selection)).toBeUndefined()
        for await (const batch of snapshot.records(selection))
          for (const { key, text: each } of batch) records.set(key, each)
        await posts.updateOne({ _id: 3 }, { $set: { title: 'late' } })
        return snapshot.mark(selection)
      })
      expect(await readSince(adapter, 'posts', { text, records })).toBeGreaterThan(0)
    }))

  test('keys that are not of that moment any more are none', () =>
    withPosts(server, async ({ adapter, posts }) => {
      const mark = await markOf(adapter, 'posts')
      const { collections } = await adapter.describe()
      const selection = { schema: collections[0]!, omit: [], derived: [] }
      const keys = await adapter.snapshot(async (snapshot) => {
        const since = await snapshot.writtenSince(selection, mark.text ?? '')
        await posts.deleteOne({ _id: 6 })
        const found: string[] = []
        for await (const batch of since?.keys() ?? []) found.push(...batch)
        return found
      })
      expect([0, DOCUMENTS]).toContain(keys.length)
    }))

  test('other omitted fields, or a mark of another kind: nothing can be told', () =>
    withPosts(server, async ({ adapter }) => {
      const mark = await markOf(adapter, 'posts')
      const { collections } = await adapter.describe()
      const selection = { schema: collections[0]!, omit: ['title'], derived: [] }
      expect(await adapter.snapshot((snapshot) => snapshot.writtenSince(selection, mark.text ?? ''))).toBeUndefined()
      for (const text of ['', '{"xid":"7"}']) expect(await readSince(adapter, 'posts', { ...mark, text })).toBe('all')
    }))
})
