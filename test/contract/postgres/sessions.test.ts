/** Other sessions that write into PostgreSQL at the same moment: deadlocks, and rows that somebody is changing. */
import { describe, expect, inject, test } from 'vitest'
import { apply, records } from '../pairs.ts'
import { on } from './scene.ts'

const servers = inject('postgres')

describe.each(servers)('PostgreSQL $version ($name)', (server) => {
  describe('other sessions', () => {
    test('a deadlock is met by trying again', async () => {
      const setup = ['CREATE TABLE t (id int PRIMARY KEY, v int)', 'INSERT INTO t VALUES (1, 1), (2, 2)']
      await on(server, setup, async ({ adapter, run }) => {
        // the other session takes row 2, waits until the plan holds row 1, and then wants row 1: one of the two is chosen as the victim, whichever it is goes on
        const other = run([
          'BEGIN',
          'SELECT * FROM t WHERE id = 2 FOR UPDATE',
          'SELECT pg_sleep(0.5)',
          'SELECT * FROM t WHERE id = 1 FOR UPDATE',
          'COMMIT',
        ]).catch((error: unknown) => (error as { readonly code: string }).code)
        await new Promise((resolve) => setTimeout(resolve, 200))
        const outcome = await apply(adapter, 't', [
          ['{"id":1,"v":1}', '{"id":1,"v":10}'],
          ['{"id":2,"v":2}', '{"id":2,"v":20}'],
        ])
        expect(outcome).toMatchObject({ status: 'applied', updated: 2 })
        expect([undefined, '40P01']).toContain(await other)
        expect(await records(adapter, 't')).toEqual(['{"id":1,"v":10}', '{"id":2,"v":20}'])
      })
    })

    test('a row that another session is changing is waited for, and then the plan is stale', async () => {
      await on(
        server,
        ['CREATE TABLE t (id int PRIMARY KEY, v int)', 'INSERT INTO t VALUES (1, 1)'],
        async ({ adapter, run }) => {
          const other = run(['BEGIN', 'UPDATE t SET v = 5', 'SELECT pg_sleep(0.5)', 'COMMIT'])
          await new Promise((resolve) => setTimeout(resolve, 200))
          expect(await apply(adapter, 't', [['{"id":1,"v":1}', '{"id":1,"v":2}']])).toMatchObject({ status: 'stale' })
          await other
          expect(await records(adapter, 't')).toEqual(['{"id":1,"v":5}'])
        },
      )
    })
  })
})
