/** What people are told when PostgreSQL cannot be reached, refuses, or does not permit: what failed, and what to do. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { TandemError, UnreachableError, UsageError } from '../../../src/model/errors.ts'
import { embeddedPrograms, freePort, startCluster, systemPrograms } from '../../support/postgres-cluster.ts'
import { createDatabase, execute, query } from '../../support/postgres.ts'
import { createRole, openDatabaseOf } from './fixture.ts'
import { openAsProgram } from '../database.ts'
import { planOf, recordsOf, selectionOf } from '../scene.ts'

const server = inject('postgres')[0]?.uri ?? ''

/** The error that `work` ends with; a work that succeeds fails the test. */
async function failureOf(work: Promise<unknown>): Promise<TandemError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TandemError)
  return error as TandemError
}

describe('a server that cannot be used', () => {
  test('one that is not running is said so, with the command that starts it', async () => {
    const port = await freePort()
    const error = await failureOf(openAsProgram(`postgres://me:hunter2@127.0.0.1:${port}/app`))
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error.message).toContain(`not running at 127.0.0.1:${port}/app`)
    expect(error.hint).toContain('systemctl start postgresql')
    expect(everything(error)).not.toContain('hunter2')
  })

  test('a host that does not exist is said so', async () => {
    const error = await failureOf(openAsProgram('postgres://me:hunter2@no-such-host.invalid/app'))
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error.message).toContain('no-such-host.invalid')
    expect(everything(error)).not.toContain('hunter2')
  })

  test('a database that does not exist is named', async () => {
    const url = new URL(server)
    url.pathname = '/no_such_database'
    const error = await failureOf(openAsProgram(url.href))
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error.message).toMatch(/no such database.*no_such_database/)
    expect(error.hint).toContain('createdb')
  })

  test('a URL that is none is an error of usage that does not repeat it', async () => {
    const error = await failureOf(openAsProgram('postgres://me:hunter2@[::bad/app'))
    expect(error).toBeInstanceOf(UsageError)
    expect(everything(error)).not.toContain('hunter2')
  })

  test('a connection that is lost while reading is an UnreachableError, and the next operation has a new one', async () => {
    const database = await openDatabaseOf(server)
    try {
      await database.run(['CREATE TABLE t (id int PRIMARY KEY)'])
      const selection = await selectionOf(database.adapter, 't')
      const reading = database.adapter.snapshot(async (snapshot) => {
        await execute(server, terminate(database.uri))
        for await (const batch of snapshot.records(selection)) return batch
        return []
      })
      expect(await failureOf(reading)).toBeInstanceOf(UnreachableError)
      expect(await recordsOf(database.adapter, selection)).toEqual([])
    } finally {
      await database.close()
    }
  })
})

describe('a server that asks for passwords', () => {
  const cluster: { uri: string; stop: () => Promise<void> } = { uri: '', stop: async () => {} }
  beforeAll(async () => {
    const programs = (await systemPrograms()) ?? (await embeddedPrograms())
    if (programs === undefined) throw new Error('no PostgreSQL programs on this machine')
    const started = await startCluster({ name: 'password', programs, password: 'right-Passw0rd' })
    cluster.uri = started.uri
    cluster.stop = async () => started.stop()
  })
  afterAll(async () => cluster.stop())

  test('lets in with the right one', async () => {
    const adapter = await openAsProgram(cluster.uri)
    expect((await adapter.describe()).server).toMatch(/^PostgreSQL \d+\.\d+$/)
    await adapter.close()
  })

  test('refuses a wrong one, which appears in no part of the error', async () => {
    const error = await failureOf(openAsProgram(cluster.uri.replace('right-Passw0rd', 'wrong-Passw0rd')))
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error.message).toContain('refused user or password')
    expect(everything(error)).not.toContain('wrong-Passw0rd')
  })

  test('refuses a missing one', async () => {
    const error = await failureOf(openAsProgram(cluster.uri.replace(':right-Passw0rd', '')))
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error.message).toContain('password')
  })
})

describe('a role that lacks a privilege', () => {
  /** A database of a superuser's with table `t` (one row), and an adapter for role `nobody_much`. */
  async function withoutPrivilege(
    grants: string,
    body: (adapter: Adapter, owner: Adapter, uri: string) => Promise<void>,
  ): Promise<void> {
    const database = await createDatabase(server)
    const adapters: Adapter[] = []
    try {
      await createRole(database.uri, 'nobody_much')
      await execute(
        database.uri,
        `CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) VALUES ('x'); ${grants}`,
      )
      const url = new URL(database.uri)
      url.username = 'nobody_much'
      adapters.push(await openAsProgram(url.href), await openAsProgram(database.uri))
      await body(adapters[0] as Adapter, adapters[1] as Adapter, database.uri)
    } finally {
      await Promise.all(adapters.map(async (adapter) => adapter.close()))
      await database.drop()
    }
  }

  test('to read is told the GRANT', async () => {
    await withoutPrivilege('', async (adapter) => {
      const error = await failureOf(recordsOf(adapter, await selectionOf(adapter, 't')))
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toContain('could not read t')
      expect(error.hint).toContain('GRANT SELECT ON "public"."t" TO "nobody_much"')
    })
  })

  test('to write is told the GRANT, and nothing is changed', async () => {
    await withoutPrivilege('GRANT SELECT ON t TO nobody_much', async (adapter, owner) => {
      const selection = await selectionOf(adapter, 't')
      const change = { key: '[1]', before: '{"id":1,"v":"x"}', after: '{"id":1,"v":"y"}' }
      const error = await failureOf(adapter.apply(planOf(selection, [change])))
      expect(error).toBeInstanceOf(UsageError)
      expect(error.hint).toContain('GRANT SELECT, INSERT, UPDATE, DELETE')
      expect(await recordsOf(owner, selection)).toEqual(['{"id":1,"v":"x"}'])
    })
  })

  test('to create the state table is told statements that are enough when an owner runs them', async () => {
    await withoutPrivilege('', async (adapter, _owner, uri) => {
      const state = new Map([['id', 'x']])
      const error = await failureOf(adapter.writeState(state, new Map()))
      expect(error).toBeInstanceOf(UsageError)
      const statements = /CREATE SCHEMA.*/s.exec(error.hint ?? '')?.[0] ?? ''
      await execute(uri, statements)
      expect(await adapter.writeState(state, new Map())).toBe(true)
      expect(await adapter.readState()).toEqual(state)
    })
  })

  test('to silence a trigger is told how to get it', async () => {
    const grants = `GRANT ALL ON t TO nobody_much; GRANT ALL ON t_id_seq TO nobody_much;
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
      CREATE TRIGGER stamp BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()`
    await withoutPrivilege(grants, async (adapter, owner) => {
      const selection = await selectionOf(adapter, 't')
      const change = { key: '[1]', before: '{"id":1,"v":"x"}', after: '{"id":1,"v":"y"}' }
      const error = await failureOf(adapter.apply(planOf(selection, [change])))
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toContain('stamp')
      expect(error.hint).toMatch(/owner/)
      expect(await recordsOf(owner, selection)).toEqual(['{"id":1,"v":"x"}'])
    })
  })

  test('to see all rows (row-level security) is refused instead of shown a part', async () => {
    const grants = `GRANT ALL ON t TO nobody_much; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      CREATE POLICY a_part ON t USING (id > 1)`
    await withoutPrivilege(grants, async (adapter) => {
      const error = await failureOf(recordsOf(adapter, await selectionOf(adapter, 't')))
      expect(error).toBeInstanceOf(UsageError)
      expect(error.hint).toContain('BYPASSRLS')
    })
  })
})

describe('?schema=', () => {
  test('limits what is described, and is not handed to the server', async () => {
    const database = await createDatabase(server)
    await execute(
      database.uri,
      `CREATE SCHEMA a; CREATE SCHEMA "b,c"; CREATE SCHEMA d; CREATE TABLE a.t (id int); CREATE TABLE d.t (id int); CREATE TABLE t (id int)`,
    )
    const adapter = await openAsProgram(`${database.uri}?schema=a,d&application_name=mine`)
    const names = (await adapter.describe()).collections.map(({ name }) => name)
    const clients = await query(
      database.uri,
      'SELECT application_name FROM pg_stat_activity WHERE datname = current_database()',
    )
    await adapter.close()
    await database.drop()
    expect(names).toEqual(['a.t', 'd.t'])
    expect(clients.map((row) => row['application_name'])).toContain('mine')
  })

  test('that names a schema which is not there is an error naming it', async () => {
    const adapter = await openAsProgram(`${server}?schema=nowhere`)
    const error = await failureOf(adapter.describe())
    await adapter.close()
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('nowhere')
  })
})

/** Every word an error could print. */
function everything(error: TandemError): string {
  const cause = error.cause instanceof Error ? `${error.cause.stack} ${JSON.stringify(error.cause)}` : ''
  return `${error.message} ${error.hint} ${error.stack} ${cause}`
}

function terminate(uri: string): string {
  const name = new URL(uri).pathname.slice(1)
  return `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`
}
