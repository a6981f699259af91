/** The life cycle, killed: at whatever moment the program dies, the next command finds a state it can go on from; nothing is lost, and nothing is staged that would take data back. */
import { chmod, rm } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import type { Engine } from '../../support/live-database.ts'
import { lockSqlite, sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { betweenTwo, type TwoAssetsOptions } from '../../support/two-assets.ts'

const FILE = 'exports/app/traders/records.jsonl'

/** Moments of a run, as shares of the time that it took undisturbed. */
const MOMENTS = [0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]

const engines = [
  { engine: sqlite, name: sqlite.name, moments: MOMENTS },
  { engine: postgres(inject('postgres')), name: 'PostgreSQL', moments: MOMENTS.filter((_, i) => i % 3 === 2) },
]

/** Where there are no transactions, a journal must end what was begun. */
const journaled = inject('mongodb').map((server) => ({
  engine: mongodb(server),
  name: `MongoDB (${server.name})`,
  moments: MOMENTS.filter((_, i) => i % 3 === 2),
}))

const records = (engine: Engine): TwoAssetsOptions => ({ records: { traders: traders(engine.key, 20) } })

/** Round n: trader-0001's number goes up, and a trader is added. */
async function work(asset: Asset, round: number, key = 'id'): Promise<void> {
  await asset.database.change('traders', { [key]: 'trader-0001' }, { user_id: 5000 + round })
  await asset.database.insert('traders', [trader(key, 100 + round)])
}

/** Starts a command, and after so many milliseconds kills it with everything it started. */
async function kill(asset: Asset, words: readonly string[], afterMs: number): Promise<void> {
  const child = asset.spawn(...words)
  const closed = new Promise((resolve) => void child.once('close', resolve))
  await Promise.race([setTimeout(afterMs), closed])
  try {
    process.kill(-(child.pid as number), 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
  await closed
  // git was killed with it; these locks are git's own, and it asks people to remove them
  for (const lock of ['HEAD.lock', 'refs/heads/main.lock', 'refs/remotes/origin/main.lock'])
    await rm(`${asset.root}/.git/${lock}`, { force: true })
}

/**
 * A push after one that died when the remote had its data commit: git compares the branch with the remote before any hook can move it, and refuses once. What git then advises
 * is a fast-forward or already done.
 */
async function pushOn(asset: Asset): Promise<void> {
  if ((await asset.try('push')).code === 0) return
  await asset.git('pull', '--ff-only')
  await asset.git('push')
}

/** How long a command takes that is left alone. */
async function duration(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** The number of trader-0001 in an export: `HEAD`'s, or the index's for an empty revision. */
async function numberAt(asset: Asset, revision: string): Promise<number> {
  const file = (await asset.git('show', `${revision}:${FILE}`)).stdout
  return Number(/"id":"trader-0001".*"user_id":(\d+)/.exec(file)?.[1])
}

/** A staged export older than HEAD's would take data back with the user's next commit. */
async function expectNoReversal(asset: Asset): Promise<void> {
  expect(await numberAt(asset, '')).toBeGreaterThanOrEqual(await numberAt(asset, 'HEAD'))
}

describe.each(engines)('$name', ({ engine, moments }) => {
  test.each([
    ['git push', ['push']],
    ['tandem export --commit', ['tandem', 'export', '--commit']],
  ])('%s killed again and again loses nothing and stages no reversal', (_title, words) =>
    betweenTwo(engine, records(engine), async (assets) => {
      const { a, b } = assets
      await work(a, 0)
      const whole = await duration(() => (words[0] === 'tandem' ? a.tandem(...words.slice(1)) : a.git(...words)))
      for (const [i, moment] of moments.entries()) {
        await work(a, i + 1)
        await kill(a, words, moment * whole)
        await expectNoReversal(a)
        if (i % 3 === 2) await pushOn(a)
      }
      await pushOn(a)
      await a.git('push')
      await b.git('pull')
      expect(await b.database.rows('traders')).toHaveLength(21 + moments.length)
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }),
  )

  test('killed between the data commit and the sync point: the commit counts, and what changed meanwhile is not lost', () =>
    betweenTwo(engine, records(engine), async (assets) => {
      const { a, b } = assets
      await work(a, 1)
      // the parent of git is the program: it dies as soon as the branch has moved
      const hook = `#!/bin/sh\n[ "$1" = committed ] && grep -q ' refs/heads/main$' && kill -KILL "$(ps -o ppid= -p $PPID)"\nexit 0\n`
      await a.write('.git/hooks/reference-transaction', hook)
      await chmod(`${a.root}/.git/hooks/reference-transaction`, 0o755)
      const before = await a.id('HEAD')
      expect((await a.tandem('export', '--commit')).code).toBe(-1)
      await rm(`${a.root}/.git/hooks/reference-transaction`)
      expect(await a.id('HEAD^')).toBe(before)
      await a.database.remove('traders', { id: 'trader-0101' })
      await b.database.insert('traders', [trader('id', 300)])
      await b.git('push')
      await a.try('push')
      await a.git('pull', '--no-edit')
      await a.git('push')
      await b.git('pull', '--no-edit')
      const ids = (await a.database.rows('traders')).map(({ id }) => id)
      expect(ids).toContain('trader-0300')
      expect(ids).not.toContain('trader-0101')
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))
})

describe.each([...engines, ...journaled])('$name', ({ engine, moments }) => {
  test('tandem apply killed again and again is rolled back or finished by the next command', () =>
    betweenTwo(engine, records(engine), async (assets) => {
      const { a, b } = assets
      const receive = async (round: number): Promise<void> => {
        await work(a, round, engine.key)
        await a.git('push')
        await b.git('fetch', '-q')
        await b.git('reset', '-q', '--hard', 'origin/main')
      }
      await receive(0)
      const whole = await duration(() => b.tandem('apply'))
      for (const [i, moment] of moments.entries()) {
        await receive(i + 1)
        await kill(b, ['tandem', 'apply'], moment * whole)
        expect((await b.tandem('apply')).code).toBe(0)
        expect(await b.database.rows('traders')).toEqual(await a.database.rows('traders'))
      }
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }))
})

test('a reference-transaction hook of the user’s that refuses the data commit: index and files are as before, and the next push carries it', () =>
  betweenTwo(sqlite, records(sqlite), async (assets) => {
    const { a, b } = assets
    await work(a, 1)
    await a.write(
      '.git/hooks/reference-transaction',
      `#!/bin/sh\ngrep -q ' refs/heads/main$' || exit 0\n[ "$1" != prepared ]\n`,
    )
    await chmod(`${a.root}/.git/hooks/reference-transaction`, 0o755)
    const before = await a.id('HEAD')
    const push = await a.git('push')
    expect(push.text).toMatch(/tandem: /)
    expect(await a.id('HEAD')).toBe(before)
    expect((await a.git('status', '--porcelain')).stdout).toBe('')
    await rm(`${a.root}/.git/hooks/reference-transaction`)
    await a.git('push')
    await b.git('pull')
    expect(await disagreements(assets)).toEqual([])
  }))

test.each(['SIGINT', 'SIGKILL'] as const)(
  'a pull that gets %s in post-merge: no merge is left in progress, the next hook applies',
  (signal) =>
    betweenTwo(sqlite, records(sqlite), async (assets) => {
      const { a, b } = assets
      await work(a, 1)
      await a.git('push')
      await b.commit('b.txt', 'from b\n')
      const before = await b.id('HEAD')
      const unlock = lockSqlite(`${b.root}/data/app.db`)
      try {
        const pull = b.spawn('pull', '--no-edit')
        const closed = new Promise((resolve) => void pull.once('close', resolve))
        while ((await b.id('HEAD')) === before) await setTimeout(20)
        while ((await b.try('rev-parse', '-q', '--verify', 'MERGE_HEAD')).code === 0) await setTimeout(20)
        process.kill(-(pull.pid as number), signal)
        await closed
      } finally {
        unlock()
      }
      expect((await b.git('status')).text).not.toMatch(/All conflicts fixed|unmerged|still merging/)
      await b.git('pull', '--no-edit')
      await b.git('commit', '-q', '--allow-empty', '-m', 'the next hook')
      expect(await b.database.rows('traders')).toEqual(await a.database.rows('traders'))
      await b.git('push')
      await a.git('pull')
      expect(await disagreements(assets)).toEqual([])
    }),
)

test.each(['refs/tandem/base/app', 'refs/tandem/reports', 'refs/tandem/live/app'])(
  'the lock that a killed git left on %s stops nothing',
  (ref) =>
    betweenTwo(sqlite, records(sqlite), async (assets) => {
      const { a, b } = assets
      const stay = (): Promise<void> => a.write(`.git/${ref}.lock`, '')
      await work(a, 1)
      await stay()
      await a.git('push')
      await b.git('pull')
      await b.database.change('traders', { id: 'trader-0001' }, { user_id: 7000 })
      await b.git('push')
      await work(a, 2)
      await a.database.change('traders', { id: 'trader-0001' }, { note: 'from a' })
      await stay()
      await a.git('pull', '--no-edit')
      await stay()
      expect((await a.git('push')).text).not.toContain('.lock')
      await b.git('pull', '--no-edit')
      expect(await b.database.rows('traders')).toHaveLength(22)
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
    }),
)
