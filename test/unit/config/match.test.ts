import { describe, expect, it } from 'vitest'
import { branchCarries, optionsFor, selectCollections, unknownCollections } from '../../../src/config/match.ts'
import { source } from './support.ts'

describe('selectCollections', () => {
  it.each<[title: string, options: Parameters<typeof source>[0], names: string[], included: string[]]>([
    [
      'everything by default, with dots and slashes',
      {},
      ['a', 'sales.orders', 'fs.files', 'a/b', '.x'],
      ['a', 'sales.orders', 'fs.files', 'a/b', '.x'],
    ],
    [
      'what include matches',
      { include: ['trade*', 'users'] },
      ['traders', 'trades', 'users', 'user'],
      ['traders', 'trades', 'users'],
    ],
    ['braces and sets', { include: ['{a,b}_[0-9]'] }, ['a_1', 'b_2', 'c_3', 'a_x'], ['a_1', 'b_2']],
    ['nothing that exclude matches', { exclude: ['sessions', 'cache_*'] }, ['sessions', 'cache_a', 'users'], ['users']],
    [
      'names without public.',
      { include: ['public.traders', 'public.log_*'] },
      ['traders', 'log_1', 'sales.traders'],
      ['traders', 'log_1'],
    ],
    ['schemas', { exclude: ['sales.*'] }, ['sales.orders', 'orders'], ['orders']],
    [
      'the default schema as public.*',
      { exclude: ['public.*'] },
      ['sales.orders', 'orders', '"a.b"'],
      ['sales.orders'],
    ],
    [
      'names that look like globs, written exactly',
      { include: ['a[1]', 'w(*)'] },
      ['a[1]', 'a1', 'w(*)'],
      ['a[1]', 'a1', 'w(*)'],
    ],
  ])('takes %s', (_, options, names, included) => {
    const selection = selectCollections(source(options), names)
    expect(selection.included).toEqual(included)
    expect([...selection.included, ...selection.leftOut.map((left) => left.name)].sort()).toEqual([...names].sort())
  })

  it('says why a collection is left out', () => {
    const { leftOut } = selectCollections(source({ include: ['a*', 'm*'], exclude: ['ab'] }), ['ab', 'b', 'migrations'])
    expect(leftOut).toEqual([
      { name: 'ab', reason: 'matched by "exclude"' },
      { name: 'b', reason: 'not matched by "include"' },
      { name: 'migrations', reason: 'migration table of a schema tool (each database keeps its own)' },
    ])
  })

  it.each([
    '_prisma_migrations',
    'schema_migrations',
    'app.schema_migrations',
    'ar_internal_metadata',
    'flyway_schema_history',
    'databasechangeloglock',
    'knex_migrations',
    'knex_migrations_lock',
    'alembic_version',
    'django_migrations',
    'migrations',
    'goose_db_version',
    '__EFMigrationsHistory',
    'SequelizeMeta',
    'drizzle.__drizzle_migrations',
    'pgmigrations',
    'pgboss.job',
    'graphile_worker._private_jobs',
    'agendaJobs',
    'celery_taskmeta',
    'system.profile',
    'tandem',
    '_tandem',
    '_tandem_journal',
    'tandem.sync_point',
    'backup_logs',
  ])('never takes %s, unless it is named exactly', (name) => {
    expect(selectCollections(source(), [name]).included).toEqual([])
    expect(selectCollections(source({ include: [`${name}*`, '*'] }), [name]).included).toEqual([])
    expect(selectCollections(source({ include: ['*', name] }), [name]).included).toEqual([name])
    expect(selectCollections(source({ collections: { [name]: {} } }), [name]).included).toEqual([name])
    expect(selectCollections(source({ include: ['*', name], exclude: [name] }), [name]).included).toEqual([])
  })

  it.each([
    'migration',
    'migrations_done',
    'user_migrations',
    'jobs',
    'pgboss',
    'messages',
    'systems',
    'tandems',
    'changelog',
    'schema_versions',
  ])('takes %s, which only resembles one of those', (name) => {
    expect(selectCollections(source(), [name]).included).toEqual([name])
  })

  it('takes a migration table named with its default schema', () => {
    expect(selectCollections(source({ include: ['*', 'public.migrations'] }), ['migrations']).included).toEqual([
      'migrations',
    ])
  })
})

describe('optionsFor', () => {
  const collections = {
    '*': { newest: 'updated_at', omit: ['notes'], zone: 'Europe/Berlin' },
    traders: { newest: 'timestamp', omit: [] },
    'public.orders': { key: ['no'] },
    'sales.orders': { key: ['id'] },
  }

  it('lays the entry of a collection over that of *, option by option', () => {
    expect(optionsFor(source({ collections }), 'traders')).toEqual({
      newest: 'timestamp',
      omit: [],
      zone: 'Europe/Berlin',
    })
    expect(optionsFor(source({ collections }), 'users')).toEqual(collections['*'])
    expect(optionsFor(source(), 'users')).toEqual({})
  })

  it('takes a name with and without public. for the same', () => {
    expect(optionsFor(source({ collections }), 'orders').key).toEqual(['no'])
    expect(optionsFor(source({ collections }), 'public.traders').newest).toBe('timestamp')
    expect(optionsFor(source({ collections }), 'sales.orders').key).toEqual(['id'])
  })

  it('finds nothing for names that objects inherit', () => {
    expect(optionsFor(source(), 'constructor')).toEqual({})
    expect(optionsFor(source(), '__proto__')).toEqual({})
  })
})

describe('unknownCollections', () => {
  it('lists entries that fit no collection, each with the one probably meant', () => {
    const collections = { '*': {}, tradres: {}, 'public.users': {}, zebra: {} }
    expect(unknownCollections(source({ collections }), ['traders', 'users'])).toEqual([
      { name: 'tradres', nearest: 'traders' },
      { name: 'zebra', nearest: undefined },
    ])
  })
})

describe('branchCarries', () => {
  it.each([
    [['main'], 'main', true],
    [['main'], 'maint', false],
    [['release/*'], 'release/1.0', true],
    [['release/*'], 'release/1.0/fix', false],
    [['**'], 'any/thing/at-all', true],
    [['*'], 'feature/x', false],
    [['main', 'dev'], 'dev', true],
  ])('%j and %s: %s', (branches, branch, carries) => {
    expect(branchCarries(branches, branch)).toBe(carries)
  })
})
