/** The adapter for MongoDB against every server of the run: the shared suite, and what only MongoDB has: the journal, connecting, equal numbers as keys. */
import { once } from 'node:events'
import { MongoClient } from 'mongodb'
import { describe, expect, inject, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { openAdapter } from '../../../src/adapters/open.ts'
import type { ApplyPlan, CollectionChanges, StateChanges } from '../../../src/model/change.ts'
import type { CollectionSchema } from '../../../src/model/collection.ts'
import { UnreachableError, UsageError } from '../../../src/model/errors.ts'
import { createMongoDatabase, type MongodbServer } from '../../support/mongodb.ts'
import { buildProgram, startApplying } from '../../support/mongodb-apply.ts'
import { bigPlan, textsAfter, textsBefore } from '../../support/mongodb-plan.ts'
import { startProxy, type Cut, type Proxy } from '../../support/mongodb-proxy.ts'
import { mongodbEngine } from './fixture.ts'
import { openAsProgram } from '../database.ts'
import { recordsOf } from '../scene.ts'
import { contractSuite } from '../suite.ts'

function selection(name: string): CollectionChanges['selection'] {
  const schema: CollectionSchema = { name, fields: [], key: ['_id'], uniques: [], references: [], order: 'kept' }
  return { schema, omit: [], derived: [] }
}

type Texts = readonly (readonly [before: string | undefined, after: string | undefined])[]

function changes(name: string, texts: Texts): CollectionChanges {
  return {
    selection: selection(name),
    changes: texts.map(([before, after]) => ({
      key: `[${/"_id":(\d+)/.exec(before ?? after ?? '')?.[1]}]`,
      before,
      after,
    })),
  }
}

/** Two collections, a unique value that is swapped, and every kind of write. */
const PEOPLE: Texts = [
  ['{"_id":1,"email":"a"}', '{"_id":1,"email":"b"}'],
  ['{"_id":2,"email":"b"}', '{"_id":2,"email":"a"}'],
  ['{"_id":3,"email":"c","n":1}', '{"_id":3,"email":"c","n":2}'],
  ['{"_id":4,"email":"d"}', undefined],
  [undefined, '{"_id":5,"email":"d"}'],
]
const LOG: Texts = [
  [undefined, '{"_id":1,"text":"new"}'],
  ['{"_id":2,"text":"old"}', '{"_id":2,"text":"changed"}'],
]
const STATES: readonly [before: StateChanges, after: StateChanges] = [
  new Map([['sync', 'S1']]),
  new Map([['sync', 'S2']]),
]
const PLAN: ApplyPlan = {
  collections: [changes('people', PEOPLE), changes('log', LOG)],
  state: STATES[1],
  expectedState: STATES[0],
}

/** Everything that a plan may touch. */
async function look(adapter: Adapter): Promise<unknown> {
  const [people, log] = [await recordsOf(adapter, selection('people')), await recordsOf(adapter, selection('log'))]
  return { people, log, state: await adapter.readState() }
}

function expected(side: 0 | 1): unknown {
  const texts = (all: Texts): string[] => all.flatMap((pair) => pair[side] ?? [])
  return { people: texts(PEOPLE), log: texts(LOG), state: STATES[side] }
}

interface Scene {
  readonly proxy: Proxy
  readonly uri: string
  readonly client: MongoClient
}

/** A database as before PLAN, reached directly by `uri` and `client`, and through a proxy. */
async function withScene<Result>(server: MongodbServer, body: (scene: Scene) => Promise<Result>): Promise<Result> {
  const { uri, drop } = await createMongoDatabase(server.uri)
  const proxy = await startProxy(uri)
  const client = new MongoClient(uri)
  try {
    await client.db().createIndex('people', { email: 1 }, { unique: true })
    for (const [name, texts] of [
      ['people', PEOPLE],
      ['log', LOG],
    ] as const) {
      await client
        .db()
        .collection(name)
        .insertMany(texts.flatMap(([before]) => (before === undefined ? [] : [JSON.parse(before)])))
    }
    const adapter = await openAsProgram(uri)
    await adapter.writeState(STATES[0], new Map())
    await adapter.close()
    return await body({ proxy, uri, client })
  } finally {
    await client.close()
    await proxy.close()
    await drop()
  }
}

interface Attempt {
  /** False when the plan needs fewer writes than that, and so was applied whole. */
  readonly wasCut: boolean
  readonly outcome: 'applied' | 'unreachable' | 'another'
}

/** Applies PLAN through the proxy, cut at the nth write. The adapter gives up soon, as everything is down then. */
async function applyCut({ proxy }: Scene, nth: number, cut: Cut): Promise<Attempt> {
  const adapter = await openAdapter(proxy.uri, { connectTimeoutMs: 150, source: 'app', root: '/' })
  proxy.arm(nth, cut)
  const outcome = await adapter.apply(PLAN).then(
    ({ status }) => (status === 'applied' ? status : 'another'),
    (error: unknown) => (error instanceof UnreachableError ? 'unreachable' : 'another'),
  )
  await adapter.close()
  return { wasCut: proxy.down, outcome }
}

for (const server of inject('mongodb') as MongodbServer[]) {
  contractSuite(mongodbEngine(server))

  describe(`a large plan on ${server.name}`, () => {
    test('whose process is killed leaves the data as before or as after', async () => {
      const { folder, remove } = await buildProgram()
      const ends = new Set<string | undefined>()
      try {
        for (const delayMs of [20, 60, 120, 250, 400, 700, 'never'] as const) {
          const { state, found } = await killedAfter({ server, program: folder }, delayMs)
          expect(found.toSorted()).toEqual((state === 'S2' ? textsAfter() : textsBefore()).toSorted())
          ends.add(state)
        }
      } finally {
        await remove()
      }
      expect(ends).toEqual(new Set([undefined, 'S2']))
    })
  })

  // With transactions only a large plan goes through the journal, and the driver finds a replica set's members past any proxy.
  if (server.name === 'mongo-java-server' || server.name === 'ferretdb') interrupted(server)

  describe(`the adapter on ${server.name} alone`, () => {
    test('says that no number is handed out by the database', async () => {
      await withScene(server, async ({ uri }) => {
        const adapter = await openAsProgram(uri)
        await expect(adapter.nextKeys(selection('people').schema, 1, 0n)).rejects.toThrow(UsageError)
        await adapter.close()
      })
    })

    test('reports a key that the server takes for another one as a violation', async () => {
      await withScene(server, async ({ uri }) => {
        const adapter = await openAsProgram(uri)
        const after = '{"_id":{"$numberLong":"3"},"email":"x"}'
        const change = { key: '[{"$numberLong":"3"}]', before: undefined, after }
        const plan = {
          collections: [{ selection: selection('people'), changes: [change] }],
          state: new Map(),
          expectedState: new Map(),
        }
        expect(await adapter.apply(plan)).toMatchObject({ status: 'violation', key: change.key, constraint: '_id_' })
        await adapter.close()
      })
    })

    test('a plan with a record in no canonical form changes nothing', async () => {
      await withScene(server, async ({ uri }) => {
        const adapter = await openAsProgram(uri)
        const odd = changes('log', [...LOG, [undefined, '{"_id":9,"n":1.50}']])
        await expect(adapter.apply({ ...PLAN, collections: [changes('people', PEOPLE), odd] })).rejects.toThrow(
          'canonical',
        )
        expect(await look(adapter)).toEqual(expected(0))
        await adapter.close()
      })
    })
  })
}

/** The journal at every point where a run can be interrupted. */
function interrupted(server: MongodbServer): void {
  describe(`an interrupted plan on ${server.name}`, () => {
    test.each(['before', 'after'] as const)(
      'is undone or finished wherever the connection is lost (%s a write)',
      async (cut) => {
        const ends = new Set<string>()
        for (let nth = 1; !ends.has('whole, applied, 1'); nth++) {
          await withScene(server, async (scene) => {
            const { wasCut, outcome } = await applyCut(scene, nth, cut)
            const adapter = await openAsProgram(scene.uri)
            const found = await look(adapter)
            const side = JSON.stringify(found) === JSON.stringify(expected(1)) ? 1 : 0
            expect(found, `cut ${cut} write ${nth}`).toEqual(expected(side))
            expect(await scene.client.db().collection('_tandem_journal').countDocuments()).toBe(0)
            ends.add(`${wasCut ? 'cut' : 'whole'}, ${outcome}, ${side}`)
            await adapter.close()
          })
        }
        const told = ['cut, unreachable, 0', 'cut, unreachable, 1', 'cut, applied, 1', 'whole, applied, 1']
        expect(ends).toEqual(new Set(told))
      },
    )

    test('never takes back what somebody else has written since', async () => {
      for (let nth = 1, whole = false; !whole; nth++) {
        whole = await withScene(server, async (scene) => {
          const { wasCut } = await applyCut(scene, nth, 'after')
          const log = scene.client.db().collection<{ _id: number }>('log')
          await log.updateOne({ _id: 2 }, { $set: { text: 'by somebody else' } }, { upsert: true })
          const adapter = await openAsProgram(scene.uri)
          expect(await recordsOf(adapter, selection('log'))).toContain('{"_id":2,"text":"by somebody else"}')
          await adapter.close()
          return !wasCut
        })
      }
    })

    test('is settled by describing, reading, writing state and applying alike', async () => {
      const operations: readonly ((adapter: Adapter) => Promise<unknown>)[] = [
        (adapter) => adapter.describe(),
        (adapter) => adapter.snapshot(async () => {}),
        (adapter) => adapter.readState(),
        (adapter) => adapter.writeState(new Map(), new Map()),
        (adapter) => adapter.apply({ collections: [], state: new Map(), expectedState: new Map() }),
      ]
      for (const operation of operations) {
        await withScene(server, async (scene) => {
          await applyCut(scene, 6, 'after')
          const adapter = await openAsProgram(scene.uri)
          await operation(adapter)
          const documents = await scene.client.db().collection('people').find().sort({ _id: 1 }).toArray()
          expect(documents.map((document) => JSON.stringify(document))).toEqual(
            PEOPLE.flatMap(([before]) => before ?? []),
          )
          await adapter.close()
        })
      }
    })
  })
}

/** Starts a process that applies a large plan, kills it after a while, and looks. */
async function killedAfter(
  { server, program }: { readonly server: MongodbServer; readonly program: string },
  delayMs: number | 'never',
): Promise<{ state: string | undefined; found: readonly string[] }> {
  const { uri, drop } = await createMongoDatabase(server.uri)
  const client = new MongoClient(uri)
  try {
    await client
      .db()
      .collection('big')
      .insertMany(textsBefore().map((text) => JSON.parse(text)))
    const child = await startApplying(program, uri)
    const closed = once(child, 'close')
    const timer = delayMs === 'never' ? undefined : setTimeout(() => child.kill('SIGKILL'), delayMs)
    await closed
    clearTimeout(timer)
    const adapter = await openAsProgram(uri)
    const state = (await adapter.readState()).get('sync')
    const found = await recordsOf(adapter, bigPlan().collections[0]?.selection ?? selection('big'))
    await adapter.close()
    return { state, found }
  } finally {
    await client.close()
    await drop()
  }
}

describe('connecting to MongoDB', () => {
  const connecting = async (url: string): Promise<unknown> =>
    openAdapter(url, { connectTimeoutMs: 300, source: 'app', root: '/' }).then(
      async (adapter) => adapter.close(),
      (error: unknown) => error,
    )

  test('a server that does not run is unreachable, with how to start it', async () => {
    const error = await connecting('mongodb://user:s3cret@127.0.0.1:1/app')
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error).toHaveProperty('hint', expect.stringContaining('mongod'))
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('s3cret')
  })

  test('a URL without a database is refused', async () => {
    for (const url of ['mongodb://127.0.0.1:1', 'mongodb://127.0.0.1:1/', 'mongodb://127.0.0.1:1/?tls=true'])
      expect(await connecting(url)).toBeInstanceOf(UsageError)
  })

  test('a malformed URL is refused without repeating the password', async () => {
    for (const url of [
      'mongodb://user:s3cret@/app',
      'mongodb://user:s3c%ret@127.0.0.1:1/app',
      'mongodb://u:s3cret@h:1/app?nothing=1',
    ]) {
      const error = await connecting(url)
      expect(error).toBeInstanceOf(UsageError)
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/s3c/)
    }
  })
})
