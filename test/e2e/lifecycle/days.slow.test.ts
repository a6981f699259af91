/**
 * Many days of two machines with a schedule: quiet when equal, a data commit a push and no more, a repository that grows with what changed, no loose objects piling up.
 * TANDEM_DAYS=90 TANDEM_PUSHES=10 lives through all of it (docs/testing.md).
 */
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { chatter, disagreements } from '../../support/agreement.ts'
import { liveDays, objectsOf } from '../../support/days.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const DAYS = Number(process.env['TANDEM_DAYS'] ?? 2)
const PUSHES = Number(process.env['TANDEM_PUSHES'] ?? 2)
const HOUR_MS = 3_600_000

test(
  `${DAYS} days of two machines, ${PUSHES} pushes a day each: equal and quiet, and the repository grows with what changed`,
  { timeout: 6 * HOUR_MS },
  () =>
    betweenTwo(sqlite, { records: { traders: traders('id', 200) } }, async (assets) => {
      const { a, b } = assets
      const before = await a.commits()
      const { pushes, changes } = await liveDays(assets, { days: DAYS, pushes: PUSHES })
      for (const asset of [b, a]) await asset.tandem('sync')
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
      const data = (await a.git('log', '--format=%s', '--grep=^data: app')).stdout.split('\n').filter(Boolean)
      // the last exchange of a day may carry a report
      expect(data.length).toBeLessThanOrEqual(pushes + 2 * DAYS + 2)
      await a.git('gc', '-q')
      const { packedKiB } = await objectsOf(a)
      const made = (await a.commits()) - before
      if (process.env['TANDEM_DAYS'] !== undefined)
        console.log(
          `${pushes} pushes, ${changes} changes: ${made} commits, ${data.length} of them data, ${packedKiB} KiB packed`,
        )
      // some hundred bytes a changed record: lines compress, trees and commits are small
      expect(packedKiB).toBeLessThan(200 + changes)
    }),
)

test('a data commit has git pack what piled up, in the background', () =>
  betweenTwo(sqlite, { records: { traders: traders('id', 20) } }, async ({ a }) => {
    // git estimates by one of 256 folders: a few files whose ids begin with 17 look like thousands
    await a.git('config', 'gc.auto', '1')
    for (let i = 0, found = 0; found < 4; i++) {
      const text = `${i}\n`
      if (!createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex').startsWith('17')) continue
      await a.write(`piled/${i}.txt`, text)
      found++
    }
    await a.git('add', '-A')
    await a.git('-c', 'gc.auto=0', 'commit', '-q', '-m', 'piled up')
    const piled = (await objectsOf(a)).loose
    await a.database.insert('traders', traders('id', 1, 50))
    expect((await a.tandem('export', '--commit')).code).toBe(0)
    let loose = piled
    for (let tries = 0; tries < 100 && loose >= piled; tries++) {
      await setTimeout(200)
      loose = (await objectsOf(a)).loose
    }
    expect(loose).toBeLessThan(piled)
  }))
