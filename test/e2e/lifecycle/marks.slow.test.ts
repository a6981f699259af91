/** Exports that read only what was written since the last one are the same as exports of everything, whatever is done to the database meanwhile. */
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import type { Engine, LiveDatabase } from '../../support/live-database.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { execute } from '../../support/postgres.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'
import { randomOf } from '../../trials/simulator/random.ts'

const ROWS = 1200

interface Histories {
  readonly tables: readonly string[]
  readonly deeds: readonly ((n: number) => string)[]
  readonly perform: (asset: Asset, deed: string) => unknown
  /** The number of marks that the database has. */
  readonly marks: (database: LiveDatabase) => Promise<number>
  /** What is done on machines beside the deeds, by round. */
  readonly beside: Readonly<Record<number, (assets: TwoAssets) => Promise<void>>>
}

function marksIn(state: string): Histories['marks'] {
  return async (database) => (await database.run(`SELECT name FROM ${state} WHERE name LIKE 'mark/%'`)).length
}

/** What an outcome has to be. */
const SOUND = { wrong: [], marked: 2, disagreements: [], chatter: [] }

async function outcomeOf(engine: Engine, { tables, deeds, perform, marks, beside }: Histories): Promise<unknown> {
  let outcome: unknown
  await betweenTwo(engine, { tables }, async (assets) => {
    const { a, b } = assets
    const random = randomOf(7)
    const wrong: unknown[] = []
    for (let round = 0; round < 8; round++) {
      const asset = round % 3 === 2 ? b : a
      for (let i = 0; i < 3; i++) await perform(asset, random.pick(deeds)(random.integer(1, ROWS)))
      await beside[round]?.(assets)
      for (const each of round % 3 === 2 ? [b, a] : [a, b]) {
        await each.git('pull', '--no-edit')
        const push = await each.git('push')
        const { ok, live, exports } = await each.digest()
        if (!ok || live !== exports) wrong.push([round, each.name, push.text])
      }
    }
    await a.git('pull', '--no-edit')
    outcome = {
      wrong,
      marked: await marks(a.database),
      disagreements: await disagreements(assets),
      chatter: await chatter(assets),
    }
  })
  return outcome
}

test('PostgreSQL: random writes, deletions, renamed keys, rolled back and frozen rows, pulls in between', async () =>
  expect(
    await outcomeOf(postgres(inject('postgres')), {
      tables: [
        'CREATE TABLE numbered (id serial PRIMARY KEY, v text, n int)',
        'CREATE TABLE named (k text PRIMARY KEY, v text, n int DEFAULT 1)',
        `INSERT INTO named SELECT 'key ' || i, 'v', i FROM generate_series(1, ${ROWS}) i`,
        `INSERT INTO numbered (v, n) SELECT 'v', i FROM generate_series(1, ${ROWS}) i`,
      ],
      deeds: [
        (n) => `UPDATE numbered SET v = 'w${n}' WHERE id BETWEEN ${n} AND ${n + 3}`,
        (n) => `UPDATE named SET v = v WHERE n = ${n}`,
        (n) => `INSERT INTO numbered (v, n) VALUES ('new', ${n})`,
        (n) => `INSERT INTO named VALUES ('fresh ' || clock_timestamp(), 'x', ${n})`,
        (n) => `DELETE FROM numbered WHERE id = ${n}`,
        (n) => `DELETE FROM named WHERE n = ${n}; INSERT INTO named VALUES ('again ' || clock_timestamp(), 'y', ${n})`,
        (n) => `UPDATE named SET k = k || '!' WHERE n = ${n}`,
        (n) => `BEGIN; UPDATE numbered SET v = 'never' WHERE id = ${n}; ROLLBACK`,
        () => 'VACUUM FREEZE',
        (n) => `BEGIN; SAVEPOINT s; UPDATE named SET v = 'sub' WHERE n = ${n}; RELEASE s; COMMIT`,
        (n) => `UPDATE numbered SET n = NULL WHERE id = ${n}; UPDATE numbered SET n = ${n} WHERE id = ${n}`,
      ],
      perform: ({ database }, deed) => execute(database.url, deed),
      marks: marksIn('tandem.sync_point'),
      beside: {
        4: async ({ a, b }) => {
          for (const { database } of [a, b]) await execute(database.url, 'ALTER TABLE named ADD COLUMN w int DEFAULT 3')
        },
      },
    }),
  ).toEqual(SOUND))

test('SQLite: random writes, deletions, renamed keys, vacuum, a backup put back, pulls in between', async () =>
  expect(
    await outcomeOf(sqlite, {
      tables: [
        'CREATE TABLE numbered (id INTEGER PRIMARY KEY, v TEXT, n INT)',
        'CREATE TABLE named (k TEXT PRIMARY KEY, v TEXT, n INT DEFAULT 1)',
        ...['named', 'numbered'].map(
          (name) =>
            `INSERT INTO ${name} SELECT ${name === 'named' ? `'key ' || value` : 'value'}, 'v', value FROM generate_series(1, ${ROWS})`,
        ),
      ],
      deeds: [
        (n) => `UPDATE numbered SET v = 'w${n}' WHERE id BETWEEN ${n} AND ${n + 3}`,
        (n) => `INSERT INTO numbered (v, n) VALUES ('new', ${n})`,
        (n) => `INSERT INTO named (k, v, n) VALUES ('fresh ' || hex(randomblob(8)), 'x', ${n})`,
        (n) => `DELETE FROM numbered WHERE id = ${n}`,
        (n) =>
          `DELETE FROM named WHERE n = ${n}; INSERT INTO named (k, v, n) VALUES ('again ' || hex(randomblob(8)), 'y', ${n})`,
        (n) => `UPDATE named SET k = k || '!', v = hex(zeroblob(${n * 9})) WHERE n = ${n}`,
        (n) => `BEGIN; UPDATE numbered SET v = 'never' WHERE id = ${n}; ROLLBACK`,
        () => 'VACUUM',
        (n) => `PRAGMA journal_mode = ${n % 2 === 0 ? 'WAL' : 'DELETE'}`,
      ],
      perform: ({ database }, deed) => database.run(deed),
      marks: marksIn('_tandem'),
      beside: {
        1: async ({ a }) => void (await a.database.run(`VACUUM INTO '${fileOf(a)}-backup'`)),
        4: async ({ a, b }) => {
          for (const { database } of [a, b]) await database.run('ALTER TABLE named ADD COLUMN w INT DEFAULT 3')
        },
        3: async ({ a }) => {
          for (const beside of ['-wal', '-shm']) rmSync(`${fileOf(a)}${beside}`, { force: true })
          copyFileSync(`${fileOf(a)}-backup`, `${fileOf(a)}-new`)
          renameSync(`${fileOf(a)}-new`, fileOf(a))
        },
      },
    }),
  ).toEqual(SOUND))

function fileOf({ root }: Asset): string {
  return path.join(root, 'data/app.db')
}

const numberedDocuments = (name: string): string =>
  JSON.stringify({
    insert: name,
    documents: Array.from({ length: ROWS }, (_, n) => ({ _id: name === 'named' ? `key ${n}` : n, v: 'v', n })),
  })

test.each(inject('mongodb').slice(0, 1))(
  'MongoDB ($name): random writes and deletions, pulls in between',
  async (server) =>
    expect(
      await outcomeOf(mongodb(server), {
        tables: [numberedDocuments('named'), numberedDocuments('numbered')],
        deeds: [
          (n) =>
            `{"update":"numbered","updates":[{"q":{"n":{"$gte":${n},"$lt":${n + 3}}},"u":{"$set":{"v":"w${n}"}},"multi":true}]}`,
          (n) => `{"insert":"numbered","documents":[{"_id":${n + ROWS},"n":${n}},{"_id":"fresh ${n}","n":${n}}]}`,
          (n) => `{"delete":"named","deletes":[{"q":{"n":${n}},"limit":0}]}`,
          (n) => `{"delete":"numbered","deletes":[{"q":{"n":${n}},"limit":0}]}`,
          (n) => `{"update":"named","updates":[{"q":{"n":${n}},"u":{"v":"other order","n":${n}}}]}`,
        ],
        perform: ({ database }, deed) => database.run(deed),
        marks: async (database) =>
          (await database.rows('_tandem')).filter((row) => row['_id']?.startsWith('mark/')).length,
        beside: {},
      }),
    ).toEqual(SOUND),
)
