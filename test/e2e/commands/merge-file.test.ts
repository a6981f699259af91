/** `tandem merge-file`: records files merged anywhere, from the command line to the written file. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROGRAM, type Answer, type Asset } from '../../support/asset.ts'
import { json } from '../../support/json-answer.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let b: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 120) } })
  ;({ a, b } = assets)
})
afterEach(() => assets.close())

describe('merge-file', () => {
  const EXPORT = 'exports/app/traders/records.jsonl'
  const POSTS = 'exports/app/posts/records.jsonl'

  /** Copies of an export: as it is at HEAD, and after each of two machines changed something. */
  async function sides(file: string, ours: () => Promise<void>, theirs: () => Promise<void>): Promise<void> {
    await writeFile(path.join(assets.folder, 'base'), await a.read(file))
    await ours()
    await a.tandem('export')
    await writeFile(path.join(assets.folder, 'ours'), await a.read(file))
    await theirs()
    await b.tandem('export')
    await writeFile(path.join(assets.folder, 'theirs'), await b.read(file))
  }

  const oneEach = (): Promise<void> =>
    sides(
      EXPORT,
      () => a.database.change('traders', { id: 'trader-0001' }, { note: 'ours' }),
      () => b.database.change('traders', { id: 'trader-0001' }, { ticker: 'THEIRS' }),
    )

  test('merges by field, to standard output and nothing else there, outside any repository', async () => {
    await oneEach()
    const answer = await a.tandem('merge-file', 'base', 'ours', 'theirs', '-C', assets.folder)
    expect(answer.code).toBe(0)
    expect(answer.stdout.split('\n')).toHaveLength(122)
    expect(answer.stdout).toMatch(/"id":"trader-0001","note":"ours".*"ticker":"THEIRS"/)
    expect(answer.stderr).toContain('SUCCESS: 0 conflicts resolved, 120 records')
  })

  test('what it writes is what an export of the merged data is, byte for byte', async () => {
    await oneEach()
    const answer = await a.tandem('merge-file', '../base', '../ours', '../theirs', '-o', '../ours')
    expect([answer.code, answer.stdout.split('\n').length > 3]).toEqual([0, false])
    await a.database.change('traders', { id: 'trader-0001' }, { ticker: 'THEIRS' })
    expect((await a.tandem('export', '--commit')).code).toBe(0)
    expect(await a.read('../ours')).toBe((await a.git('show', `HEAD:${EXPORT}`)).stdout)
  })

  test('reads one side from standard input', async () => {
    await oneEach()
    const line = `cat ours | '${process.execPath}' '${PROGRAM}' merge-file base - theirs --quiet`
    const answer = await a.start('sh', ['-c', `cd .. && ${line}`])
    expect([answer.code, answer.stderr]).toEqual([0, ''])
    expect(answer.stdout).toContain('"note":"ours"')
  })

  test('two different records of one handed-out number: exit code 1, both in the report, where the rules are known', async () => {
    await sides(
      POSTS,
      () => a.database.insert('posts', [{ id: 1, title: 'ours' }]),
      () => b.database.insert('posts', [{ id: 1, title: 'theirs' }]),
    )
    const args = ['merge-file', '../base', '../ours', '../theirs', '--report', '../why.json']
    const answer = await a.tandem(...args)
    expect(answer.code).toBe(1)
    expect(answer.stderr).toContain('[1] stands for two records')
    expect(answer.stdout.match(/"title"/g)).toHaveLength(1)
    const report = JSON.parse(await a.read('../why.json')) as { status: string; decisions: unknown[] }
    expect(report).toMatchObject({ status: 'HELD', decisions: [{ kind: 'key-collision', key: [1] }] })
    expect(JSON.stringify(report.decisions)).toMatch(/ours.*theirs/)
    const outside = await a.tandem('merge-file', 'base', 'ours', 'theirs', '-C', assets.folder)
    expect(outside.code).toBe(0)
  })

  test('goes by the rules of the collection that the files name, or of the one that --collection names', async () => {
    const config = JSON.parse(await a.read('tandem.config.json')) as { sources: Record<string, object> }
    const collections = { traders: { counters: ['user_id'] }, posts: {} }
    await a.write(
      'tandem.config.json',
      JSON.stringify({ ...config, sources: { app: { ...config.sources['app'], collections } } }),
    )
    await sides(
      EXPORT,
      () => a.database.run(`UPDATE traders SET user_id = user_id + 10 WHERE id = 'trader-0001'`).then(() => undefined),
      () => b.database.run(`UPDATE traders SET user_id = user_id + 5 WHERE id = 'trader-0001'`).then(() => undefined),
    )
    const merged = ['merge-file', '../base', '../ours', '../theirs']
    const userOf = (answer: Answer): string => /"trader-0001".*?"user_id":(\d+)/.exec(answer.stdout)?.[1] ?? ''
    expect(userOf(await a.tandem(...merged))).toBe('1016')
    expect(userOf(await a.tandem(...merged, '--collection', 'app/traders'))).toBe('1016')
    expect(userOf(await a.tandem(...merged, '--collection', 'posts'))).toBe('1011')
    const outside = ['merge-file', 'base', 'ours', 'theirs', '--collection', 'posts', '-C', '..']
    expect((await a.tandem(...outside)).code).toBe(2)
  })

  test('as JSON prints one value: the report, and the merged text where no file takes it', async () => {
    await oneEach()
    const value = await a.tandem('merge-file', '../base', '../ours', '../theirs', '--json')
    expect(json(value)).toMatchObject({
      version: 1,
      ok: true,
      report: { version: 1, source: 'app', status: 'SUCCESS' },
    })
    expect(json(value, 'merged')).toBe((await a.tandem('merge-file', '../base', '../ours', '../theirs')).stdout)
    const written = await a.tandem('merge-file', '../base', '../ours', '../theirs', '--json', '-o', '../out')
    expect(json(written, 'merged')).toBeUndefined()
    expect(await a.read('../out')).toBe(json(value, 'merged'))
  })

  test('a damaged side is exit code 4, and no file is written', async () => {
    await oneEach()
    await a.write('../theirs', (await a.read('../theirs')).replace('THEIRS', 'XHEIRS'))
    const args = ['merge-file', '../base', '../ours', '../theirs', '-o', '../out', '--report', '../why.json']
    const answer = await a.tandem(...args, '--json')
    expect(answer.code).toBe(4)
    expect(json(answer)).toMatchObject({ ok: false, error: { code: 'damaged' } })
    await expect(a.read('../out')).rejects.toThrow(/ENOENT/)
    await expect(a.read('../why.json')).rejects.toThrow(/ENOENT/)
  })

  test('an invalid configuration is told, not passed over', async () => {
    await oneEach()
    await a.write('tandem.config.json', '{"sources":{}}')
    expect((await a.tandem('merge-file', '../base', '../ours', '../theirs')).code).toBe(2)
  })
})
