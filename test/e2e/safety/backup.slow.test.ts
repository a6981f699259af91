/** `tandem backup`: a lost database comes back from its archive with equal records, whatever the engine, and a restored older state deletes nothing for anybody. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { disagreements, exchange } from '../../support/agreement.ts'
import type { Answer, Asset } from '../../support/asset.ts'
import type { Engine } from '../../support/live-database.ts'
import { mongodb } from '../../support/live-mongodb.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const ENGINES: readonly Engine[] = [
  sqlite,
  postgres(inject('postgres').slice(0, 1)),
  ...inject('mongodb')
    .slice(0, 1)
    .map((server) => mongodb(server)),
]

const traders = (engine: Engine, count: number): readonly Record<string, string | number>[] =>
  Array.from({ length: count }, (_, i) => ({ [engine.key]: `t${i}`, username: `user ${i}`, profit_usd: i, note: 'ü' }))

const succeeded = async (answer: Promise<Answer>): Promise<Answer> => {
  const done = await answer
  expect(done).toMatchObject({ code: 0 })
  return done
}

interface MadeArchive {
  readonly archive: { readonly file: string; readonly sources: readonly { readonly records: number }[] }
  readonly isNew: boolean
}

const backup = async (asset: Asset, ...args: readonly string[]): Promise<MadeArchive> =>
  JSON.parse((await succeeded(asset.tandem('backup', 'create', '--json', ...args))).stdout) as MadeArchive

describe.each(ENGINES)('$name', (engine) => {
  const options = { records: { traders: traders(engine, 30) } }

  test('an older backup loses nobody a record, and a lost database comes back equal in every one', () =>
    betweenTwo(engine, options, async (assets) => {
      const { a, b } = assets
      const { live } = await a.digest()
      const made = await backup(a)
      expect(made).toMatchObject({ isNew: true, archive: { sources: [{ records: 30 }] } })
      expect(await backup(a)).toMatchObject({ isNew: false, archive: { file: made.archive.file } })
      await succeeded(a.tandem('backup', 'check', '--prove'))

      await a.database.insert('traders', [{ [engine.key]: 'later', username: 'later' }])
      await a.git('push', '-q')
      const words = engine.name === 'PostgreSQL' ? ['--disconnect'] : []
      const older = await succeeded(a.tandem('backup', 'restore', made.archive.file, '--yes', ...words))
      expect(older.text).toMatch(/before-restore/)
      expect(await a.digest()).toMatchObject({ live, records: 30 })
      // what came since is merged into it: the push deletes nothing for anybody
      expect((await a.git('push')).text).toMatch(/older backup/)
      await exchange(assets)
      expect((await b.database.rows('traders')).map((row) => row[engine.key])).toContain('later')
      expect(await disagreements(assets)).toEqual([])

      await a.database.insert('traders', [{ [engine.key]: 'last', username: 'last' }])
      await a.git('push', '-q')
      const { live: now } = await a.digest()
      await backup(a)
      await a.database.drop()
      if (engine.name === 'SQLite') await rm(path.join(a.root, a.database.url.replace('sqlite:', '')))
      await succeeded(a.tandem('backup', 'restore', '--yes'))
      expect(await a.digest()).toMatchObject({ ok: true, live: now, records: 32 })
      expect((await a.tandem('status')).text).toMatch(/app: in-sync/)
    }))
})
