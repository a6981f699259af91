/** Exports of another version of the program, and what doctor says of structures. */
import { expect, test } from 'vitest'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const RECORDS = { records: { traders: traders('id', 3) } }

test('exports of a newer format are refused with the word to upgrade: nothing changes, and git goes on', () =>
  betweenTwo(sqlite, RECORDS, async ({ a, b }) => {
    expect(await b.tandem('upgrade', '--json')).toMatchObject({
      code: 0,
      stdout: '{"version":1,"ok":true,"format":1,"raised":{"app":[]}}\n',
    })
    for (const file of ['collection.json', 'records.jsonl']) {
      const path = `exports/app/traders/${file}`
      await a.write(
        path,
        (await a.read(path)).replace(/"format": ?1/, (found) => found.replace('1', '2')),
      )
    }
    await a.git('commit', '-q', '-am', 'made by tandem 9')
    await a.git('push', '-q', '--no-verify')
    const before = await b.database.rows('traders')
    const pull = await b.git('pull')
    expect(pull.text).toContain('format 2 is newer than this tandem reads (1)')
    expect(pull.text).toContain('Upgrade tandem.')
    await b.database.change('traders', { id: 'trader-0001' }, { note: 'here' })
    await b.commit('code.txt', 'two\n')
    const push = await b.git('push')
    expect(push.text).toContain('format 2 is newer')
    expect((await b.git('log', '-1', '--format=%s')).stdout).toBe('change code.txt\n')
    for (const command of ['apply', 'export', 'upgrade', 'verify', 'status']) {
      const answer = await b.tandem(command)
      expect([command, answer.code]).toEqual([command, 4])
      expect(answer.text).toContain('format 2 is newer')
    }
    expect((await b.database.rows('traders')).map(({ id, profit_usd: usd }) => [id, usd])).toEqual(
      before.map(({ id, profit_usd: usd }) => [id, usd]),
    )
  }))

test('doctor names every difference of structure between the database and the exports, whichever side has more', () =>
  betweenTwo(sqlite, RECORDS, async ({ a, b }) => {
    await a.database.run('ALTER TABLE traders ADD COLUMN wins INTEGER', 'CREATE TABLE notes (id TEXT PRIMARY KEY)')
    const own = await a.tandem('doctor')
    expect(own.text).toContain(
      'traders was migrated here (wins integer is only in this database); the next push carries it',
    )
    await a.git('push')
    await b.git('pull')
    await b.database.run('ALTER TABLE traders RENAME COLUMN ticker TO symbol')
    const other = await b.tandem('doctor')
    expect(other.text).toContain(
      'ticker text was dropped here and is still in the exports; this database lacks wins integer',
    )
    expect(other.text).toMatch(
      /notes: app\.db has no notes: run your migrations|notes: data\/app\.db has no notes: run your migrations/,
    )
  }))
