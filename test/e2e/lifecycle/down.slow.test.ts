/** The life cycle, a database that is down: git goes on, the user is told, and the next hook or command makes up for it. */
import { rename } from 'node:fs/promises'
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { earn, profit, TWENTY } from '../../support/earnings.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { behindDoors } from '../../support/tcp-proxy.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const doors = behindDoors(postgres(inject('postgres')))

const engines = [
  {
    ...sqlite,
    takeDown: (asset: Asset) => rename(`${asset.root}/data/app.db`, `${asset.root}/data/away.db`),
    bringUp: (asset: Asset) => rename(`${asset.root}/data/away.db`, `${asset.root}/data/app.db`),
  },
  {
    ...doors.engine,
    takeDown: (asset: Asset) => doors.doorOf(asset.database).shut(),
    bringUp: (asset: Asset) => doors.doorOf(asset.database).open(),
  },
]

describe.each(engines)('$name', (engine) => {
  const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(engine, TWENTY, work)

  test('down at pre-push: the push goes on without a data commit and says so; the next push carries the data', () =>
    between(async ({ a, b, remote }) => {
      await earn(a, 1, 101)
      const code = await a.commit('code.txt', 'two\n')
      await engine.takeDown(a)
      const push = await a.git('push')
      expect(push.text).toContain('its data is not in this push')
      expect(await a.id('HEAD')).toBe(code)
      expect((await a.git('ls-remote', remote, 'main')).stdout).toContain(code)
      await engine.bringUp(a)
      await a.git('push')
      await b.git('pull')
      expect(await profit(b, 1)).toBe(101)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('down at post-merge: the pull succeeds and says so; apply-needed until the next hook brings the data in', () =>
    between(async ({ a, b }) => {
      await earn(a, 1, 101)
      await a.git('push')
      await engine.takeDown(b)
      const pull = await b.git('pull')
      expect(pull.text).toContain('nothing was applied')
      expect(await b.id('HEAD')).toBe(await a.id('HEAD'))
      expect((await b.tandem('status')).code).toBe(3)
      await engine.bringUp(b)
      expect(JSON.parse((await b.tandem('status', '--json')).stdout)).toMatchObject({
        sources: { app: { state: 'apply-needed' } },
      })
      await b.git('commit', '-q', '--allow-empty', '-m', 'the next hook')
      expect(await profit(b, 1)).toBe(101)
      expect(await b.digest()).toMatchObject({ ok: true })
    }))

  test('down at post-commit, post-checkout and post-rewrite: git succeeds and says so', () =>
    between(async ({ a, b }) => {
      await earn(a, 1, 101)
      await a.git('push')
      await b.git('fetch', '-q')
      await b.git('reset', '-q', '--hard', 'origin/main')
      await b.git('branch', 'side', 'HEAD^')
      await engine.takeDown(b)
      expect((await b.git('commit', '--allow-empty', '-m', 'one')).text).toContain('nothing was applied')
      await b.git('checkout', '-q', 'side')
      expect((await b.git('checkout', 'main')).text).toContain('nothing was applied')
      expect((await b.git('commit', '--amend', '--allow-empty', '-m', 'two')).text).toContain('nothing was applied')
      await engine.bringUp(b)
      expect((await b.tandem('apply')).code).toBe(0)
      await b.git('push')
      await a.git('pull')
      expect(await profit(b, 1)).toBe(101)
      expect(await disagreements({ a, b })).toEqual([])
      expect(await chatter({ a, b })).toEqual([])
    }))
})

test(
  'a server that swallows every packet holds a push up for about two seconds, once a minute; commands always try',
  { retry: 2 },
  () =>
    betweenTwo(doors.engine, TWENTY, async ({ a }) => {
      await a.commit('code.txt', 'two\n')
      const door = doors.doorOf(a.database)
      await door.hang()
      const start = Date.now()
      expect((await a.git('push')).text).toContain('its data is not in this push')
      const first = Date.now() - start
      expect(first).toBeLessThan(60_000)
      await a.git('commit', '-q', '--allow-empty', '-m', 'more')
      const second = Date.now()
      expect((await a.git('push')).text).toContain('its data is not in this push')
      expect(Date.now() - second).toBeLessThan(first)
      await door.open()
      await earn(a, 1, 101)
      expect((await a.tandem('export', '--commit')).code).toBe(0)
      expect(await a.digest()).toMatchObject({ ok: true })
    }),
)
