/** One record added on two machines under different keys: recognised by the configured fields it becomes one, and whatever refers to it follows. */
import path from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements, exchange } from '../../support/agreement.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const tables = [
  'CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT, name TEXT, city TEXT)',
  'CREATE TABLE visit (id TEXT PRIMARY KEY, person_id TEXT REFERENCES person (id), place TEXT)',
  'CREATE TABLE likes (person_id TEXT REFERENCES person (id), thing TEXT, PRIMARY KEY (person_id, thing))',
]
const collections = { person: { identity: ['email'] } }

/** Both machines know of Ada and where she was; each gave her a key of its own. */
async function meetAda({ a, b }: TwoAssets): Promise<void> {
  await a.database.insert('person', [
    { id: 'a1', email: 'ada@x', name: 'Ada', city: null },
    { id: 'a2', email: 'bob@x', name: 'Bob', city: null },
  ])
  await a.database.insert('visit', [{ id: 'va', person_id: 'a1', place: 'Rome' }])
  await a.database.insert('likes', [{ person_id: 'a1', thing: 'tea' }])
  await b.database.insert('person', [{ id: 'b1', email: 'ada@x', name: 'Ada', city: 'London' }])
  await b.database.insert('visit', [{ id: 'vb', person_id: 'b1', place: 'Oslo' }])
  await b.database.insert('likes', [
    { person_id: 'b1', thing: 'tea' },
    { person_id: 'b1', thing: 'jam' },
  ])
}

/** As a hosting service merges: no hooks, no driver of ours, just lines. */
async function mergeElsewhere({ a, folder, remote }: TwoAssets): Promise<void> {
  const host = path.join(folder, 'host')
  await a.git('clone', '-q', remote, host)
  const union = 'merge.tandem.driver=git merge-file -q --union %A %O %B'
  await a.git('-C', host, '-c', union, 'merge', '--no-edit', 'origin/side')
  await a.git('-C', host, 'push', '-q', 'origin', 'main')
}

/** What is wrong with the one Ada that both machines shall have, and all that refers to her; empty when nothing is. */
async function adaProblems(assets: TwoAssets): Promise<string[]> {
  const problems = [...(await disagreements(assets)), ...(await chatter(assets))]
  for (const { database } of [assets.a, assets.b]) {
    const [ada, more] = (await database.rows('person')).filter((row) => row['email'] === 'ada@x')
    if (more !== undefined || ada?.['name'] !== 'Ada' || ada['city'] !== 'London') problems.push('no one Ada')
    const facts = await database.run(
      `SELECT 'was in ' || place AS fact FROM visit WHERE person_id = '${ada?.['id']}'
       UNION ALL SELECT 'likes ' || thing FROM likes WHERE person_id = '${ada?.['id']}'
       UNION ALL SELECT 'lost ' || count(*) FROM visit WHERE person_id <> '${ada?.['id']}' ORDER BY 1`,
    )
    const told = facts.map((row) => row['fact']).join(', ')
    if (told !== 'likes jam, likes tea, lost 0, was in Oslo, was in Rome') problems.push(told)
  }
  return problems
}

describe('SQLite', () => {
  test('what is not exported yet joins the record that came with a pull', async () => {
    await betweenTwo(sqlite, { tables, collections }, async (assets) => {
      await meetAda(assets)
      await exchange(assets)
      expect(await adaProblems(assets)).toEqual([])
    })
  })

  test('two committed ones become one on both machines, when a merge made elsewhere only put their lines together', async () => {
    await betweenTwo(sqlite, { tables, collections }, async (assets) => {
      const { a, b } = assets
      await meetAda(assets)
      for (const asset of [a, b]) await asset.tandem('export', '--commit')
      await a.git('push', '--no-verify')
      await b.git('push', '--no-verify', 'origin', 'HEAD:refs/heads/side')
      await mergeElsewhere(assets)
      for (const asset of [a, b]) await asset.git('pull', '--no-edit')
      await exchange(assets)
      expect(await adaProblems(assets)).toEqual([])
      const report = await b.tandem('report', 'show', 'latest', '--json')
      expect(report.text).toContain('"duplicate"')
    })
  })

  test('equal records on one machine are not one: of two and three copies three stay', async () => {
    await betweenTwo(sqlite, { tables, collections }, async (assets) => {
      const { a, b } = assets
      const copies = (name: string, count: number): { id: string; email: string }[] =>
        Array.from({ length: count }, (_, i) => ({ id: `${name}${i}`, email: 'twin@x' }))
      await a.database.insert('person', copies('a', 2))
      await b.database.insert('person', copies('b', 3))
      await exchange(assets)
      for (const { database } of [a, b]) expect(await database.rows('person')).toHaveLength(3)
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    })
  })
})

describe.each(inject('mongodb').slice(0, 1).map(mongodb))('$name', (engine) => {
  test('documents under _ids of their own become one, and configured references follow', async () => {
    const options = { collections: { person: { identity: ['email'] }, visit: { references: { person: 'person' } } } }
    await betweenTwo(engine, options, async (assets) => {
      const { a, b } = assets
      await a.database.insert('person', [{ _id: 'a1', email: 'ada@x', name: 'Ada' }])
      await a.database.insert('visit', [{ _id: 'va', person: 'a1' }])
      await b.database.insert('person', [{ _id: 'b1', email: 'ada@x', city: 'London' }])
      await b.database.insert('visit', [{ _id: 'vb', person: 'b1' }])
      await exchange(assets)
      for (const { database } of [a, b]) {
        const [ada, more] = await database.rows('person')
        expect(more).toBeUndefined()
        expect(ada).toMatchObject({ email: 'ada@x', name: 'Ada', city: 'London' })
        const persons = (await database.rows('visit')).map((row) => row['person'])
        expect(persons).toEqual([ada?.['_id'], ada?.['_id']])
      }
      expect(await disagreements(assets)).toEqual([])
    })
  })
})
