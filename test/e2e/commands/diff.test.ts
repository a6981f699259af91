/** `tandem diff`: what differs between live and HEAD, with its exit codes, its words and its JSON. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROGRAM, type Answer, type Asset } from '../../support/asset.ts'
import { json } from '../../support/json-answer.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader, traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 120) } })
  ;({ a } = assets)
})
afterEach(() => assets.close())

describe('diff', () => {
  test('says nothing differs, with exit code 0', async () => {
    const answer = await a.tandem('diff')
    expect([answer.code, answer.stdout]).toEqual([0, 'no difference: live is what HEAD holds\n'])
  })

  test('shows added, changed and removed records, with exit code 1, until a push has carried them', async () => {
    await a.database.insert('traders', [trader('id', 500)])
    await a.database.change('traders', { id: 'trader-0002' }, { profit_usd: 7, note: null })
    await a.database.remove('traders', { id: 'trader-0003' })
    const answer = await a.tandem('diff')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('app/traders: +1 ~1 -1\n')
    expect(answer.stdout).toContain('  + ["trader-0500"] {')
    expect(answer.stdout).toContain(
      '  ~ ["trader-0002"]\n      note: "" → (absent)\n      profit_usd: {"$real":"2.5"} → {"$real":"7.0"}\n',
    )
    expect(answer.stdout).toContain('  - ["trader-0003"] {')
    await a.git('push', '-q')
    expect((await a.tandem('diff')).code).toBe(0)
  })

  test('as JSON has every change, values as they stand in the export', async () => {
    await a.database.run(`UPDATE traders SET profit_usd = 26.940, user_id = 9007199254740993 WHERE id = 'trader-0002'`)
    await a.database.run(`DELETE FROM traders WHERE id > 'trader-0010'`)
    const answer = await a.tandem('diff', '--json')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('"user_id":{"exported":1002,"live":{"$int":"9007199254740993"}}')
    const empty = { added: [], changed: [], removed: [] }
    expect(json(answer, 'sources', 'app', 'collections', 'posts')).toEqual(empty)
    const found = json(answer, 'sources', 'app', 'collections', 'traders')
    expect(found).toMatchObject({ added: [], changed: [{ key: ['trader-0002'] }] })
    const removed = json(answer, 'sources', 'app', 'collections', 'traders', 'removed') as readonly unknown[]
    expect(removed).toHaveLength(110)
    expect(removed[0]).toMatchObject({ key: ['trader-0011'], record: { id: 'trader-0011', user_id: 1011 } })
  })

  test('shows 100 records of a collection, and all with --full', async () => {
    await a.database.run(`UPDATE traders SET note = 'changed'`)
    const [short, full] = [await a.tandem('diff'), await a.tandem('diff', '--full')]
    const count = (answer: Answer): number => answer.stdout.match(/^ {2}~ /gm)?.length ?? 0
    expect([count(short), count(full)]).toEqual([100, 120])
    expect(short.stdout).toContain('… and 20 more records: --full shows all')
  })

  test('goes on to its end when nobody reads on', async () => {
    await a.database.insert('traders', traders('id', 2000, 500))
    const program = `'${process.execPath}' '${PROGRAM}' diff --full; echo "exit code $?" >&2`
    const answer = await a.start('sh', ['-c', `(${program}) | head -1`])
    expect(answer.stdout).toBe('app/traders: +2000 ~0 -0\n')
    expect(answer.stderr).toBe('exit code 1\n')
  })

  test('values cannot write on the terminal', async () => {
    await a.database.change('traders', { id: 'trader-0002' }, { note: '\u001b[2J\u202egone' })
    const answer = await a.tandem('diff')
    for (const character of ['\u001b', '\u202e']) expect(answer.stdout).not.toContain(character)
    expect(answer.stdout).toContain('[2J')
  })

  test('a dropped table is never shown as so many deletions', async () => {
    await a.database.run('DROP TABLE traders')
    const answer = await a.tandem('diff')
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('app/traders: not compared: data/app.db has no traders')
    expect(answer.stdout).not.toContain('trader-0001')
  })

  test('a damaged export is exit code 4 and names file and line', async () => {
    const file = 'exports/app/traders/records.jsonl'
    await a.write(file, (await a.read(file)).replace('"user1"', '"userX"'))
    await a.git('commit', '-q', '--no-verify', '-am', 'damage')
    const answer = await a.tandem('diff', '--json')
    expect(answer.code).toBe(4)
    expect(json(answer)).toMatchObject({ ok: false, sources: { app: { error: { code: 'damaged' } } } })
    expect(answer.stderr).toMatch(/records\.jsonl:2: the hash of record/)
  })
})
