/** Exports that read only what was written since the last one are the same as exports of everything, whatever is done to the database meanwhile (PostgreSQL). */
import { expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { postgres } from '../../support/live-postgres.ts'
import { execute } from '../../support/postgres.ts'
import { betweenTwo } from '../../support/two-assets.ts'
import { randomOf } from '../../trials/simulator/random.ts'

const ROWS = 1200

const TABLES = [
  'CREATE TABLE numbered (id serial PRIMARY KEY, v text, n int)',
  'CREATE TABLE named (k text PRIMARY KEY, v text, n int DEFAULT 1)',
  `INSERT INTO named SELECT 'key ' || i, 'v', i FROM generate_series(1, ${ROWS}) i`,
  `INSERT INTO numbered (v, n) SELECT 'v', i FROM generate_series(1, ${ROWS}) i`,
]

/** The marks that a database has: collection → the tree or commit of which it knows what it held. */
async function marks({ database }: Asset): Promise<string[]> {
  const rows = await database.run(`SELECT name, value FROM tandem.sync_point WHERE name LIKE 'mark/%' ORDER BY name`)
  return (rows ?? []).map(({ value }) => (JSON.parse(String(value)) as { commit: string }).commit)
}

test('random writes, deletions, renamed keys, rolled back and frozen rows, pulls in between', () =>
  betweenTwo(postgres(inject('postgres')), { tables: TABLES }, async (assets) => {
    const { a, b } = assets
    const random = randomOf(7)
    const deeds: readonly ((n: number) => string)[] = [
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
    ]
    const wrong: unknown[] = []
    for (let round = 0; round < 8; round++) {
      const { database } = round % 3 === 2 ? b : a
      for (let i = 0; i < 3; i++) await execute(database.url, random.pick(deeds)(random.integer(1, ROWS)))
      if (round === 4)
        for (const { url } of [a.database, b.database])
          await execute(url, 'ALTER TABLE named ADD COLUMN w int DEFAULT 3')
      for (const asset of round % 3 === 2 ? [b, a] : [a, b]) {
        await asset.git('pull', '--no-edit')
        const push = await asset.git('push')
        const { ok, live, exports } = await asset.digest()
        if (!ok || live !== exports) wrong.push([round, asset.name, push.text])
      }
    }
    await a.git('pull', '--no-edit')
    expect(wrong).toEqual([])
    expect(await marks(a)).toHaveLength(2)
    expect(await disagreements(assets)).toEqual([])
    expect(await chatter(assets)).toEqual([])
  }))
