/** The statements that `init` and `doctor` offer against equal numbers, run on a real server as people would run them. */
import { describe, expect, inject, test } from 'vitest'
import { preventionFor } from '../../../src/schema/key-steps.ts'
import { query } from '../../support/postgres.ts'
import { openDatabaseOf } from './fixture.ts'
import { selectionOf } from '../scene.ts'

const [server] = inject('postgres')

describe.skipIf(server === undefined)('PostgreSQL', () => {
  test('each machine counts on in steps of its own, behind all numbers in use, whatever its tables are called', async () => {
    const { adapter, run, uri, close } = await openDatabaseOf(server?.uri ?? '')
    try {
      await run([
        'CREATE TABLE posts (id bigserial PRIMARY KEY, n int)',
        'CREATE SCHEMA "My"; CREATE TABLE "My"."Odd Table" ("Id" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)',
        'INSERT INTO posts (n) SELECT g FROM generate_series(1, 25) g',
      ])
      const names = (await adapter.describe()).collections.map(({ name }) => name)
      const selections = new Map(
        await Promise.all(names.map(async (name) => [name, await selectionOf(adapter, name)] as const)),
      )
      const offered = preventionFor({ adapter, selections }, 'machine b')
      expect(offered?.collections).toHaveLength(2)
      await run(offered?.statements ?? [])
      const ids = await query(uri, 'INSERT INTO posts (n) VALUES (1), (2) RETURNING id')
      const [first, second] = ids.map(({ id }) => Number(id))
      expect(first).toBeGreaterThan(25)
      expect(Number(second) - Number(first)).toBe(10)
      const [odd] = await query(uri, 'INSERT INTO "My"."Odd Table" (n) VALUES (1) RETURNING "Id" AS id')
      expect(Number(odd?.['id']) % 10).toBe(Number(first) % 10)
      // what tandem hands out itself, and what it makes room for, stays in the machine's own steps
      const { schema } = await selectionOf(adapter, 'posts')
      const [drawn] = await adapter.nextKeys(schema, 1, 500_000n)
      expect(Number(drawn)).toBeGreaterThan(500_000)
      expect(Number(drawn) % 10).toBe(Number(first) % 10)
    } finally {
      await close()
    }
  })
})
