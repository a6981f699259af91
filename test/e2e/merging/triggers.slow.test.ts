/** Tables whose trigger stamps every update, as many have: what came from the other machine keeps its own time, and two machines do not answer each other for ever. */
import { describe, expect, inject, test } from 'vitest'
import { chatter, disagreements, exchange } from '../../support/agreement.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const engines = [
  {
    engine: sqlite,
    name: sqlite.name,
    trigger: [
      `CREATE TRIGGER touch AFTER UPDATE ON traders BEGIN
         UPDATE traders SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
       END`,
    ],
  },
  {
    engine: postgres(inject('postgres')),
    name: 'PostgreSQL',
    trigger: [
      `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$`,
      'CREATE TRIGGER touch BEFORE UPDATE ON traders FOR EACH ROW EXECUTE FUNCTION touch()',
    ],
  },
]

describe.each(engines)('$name with an updated_at trigger on both machines', ({ engine, trigger }) => {
  const options = { tables: [...engine.tables, ...trigger], records: { traders: traders('id', 10) } }

  test('the other machine’s time survives the apply, and both become quiet', () =>
    betweenTwo(engine, options, async (assets) => {
      const { a, b } = assets
      await a.database.change('traders', { id: 'trader-0001' }, { profit_usd: 101 })
      await b.database.change('traders', { id: 'trader-0002' }, { profit_usd: 202 })
      const [ours] = await a.database.rows('traders')
      await exchange(assets)
      expect((await b.database.rows('traders'))[0]).toEqual(ours)
      expect(await disagreements(assets)).toEqual([])
      expect(await chatter(assets)).toEqual([])
      expect(await disagreements(assets)).toEqual([])
    }))

  test('the trigger still stamps what the user changes after an apply', () =>
    betweenTwo(engine, options, async ({ a, b }) => {
      await a.database.change('traders', { id: 'trader-0001' }, { profit_usd: 101 })
      await a.git('push')
      await b.git('pull')
      const [before] = await b.database.rows('traders')
      await b.database.change('traders', { id: 'trader-0001' }, { profit_usd: 102 })
      const [after] = await b.database.rows('traders')
      expect(after?.['updated_at']).not.toBe(before?.['updated_at'])
    }))
})
