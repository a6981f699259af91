/** `tandem report`: merge reports that wait or were committed, listed and shown; a damaged one harms no other. */
import { rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Asset } from '../../support/asset.ts'
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

/** Both machines edit one trader's name, b pulls a's edit: the names are in conflict. */
async function conflict(): Promise<void> {
  await a.database.change('traders', { id: 'trader-0001' }, { username: 'from a', updated_at: new Date() })
  await b.database.change('traders', { id: 'trader-0001' }, { username: 'from b', updated_at: new Date() })
  await a.commit('code.txt', 'two\n')
  await a.git('push', '-q')
  await b.git('pull', '-q', '--no-edit')
}

describe('report', () => {
  test('there is none before a merge decided anything', async () => {
    expect((await a.tandem('report')).stdout).toBe('no merge report yet\n')
    expect(json(await a.tandem('report', 'list', '--json'))).toEqual({ version: 1, ok: true, reports: [] })
    expect((await a.tandem('report', 'show')).code).toBe(2)
  })

  test('a conflict is listed while its report waits, shown as written, and travels with the next push', async () => {
    await conflict()
    const list = await b.tandem('report')
    expect(list.code).toBe(0)
    expect(list.stdout).toMatch(/ app +SUCCESS +1 +\S+ \(waits for the next push\)\n/)
    type Listed = readonly { readonly name: string; readonly path: string }[]
    const [one] = json(await b.tandem('report', 'list', '--json'), 'reports') as Listed
    expect(one).toMatchObject({ waiting: true, source: 'app', status: 'SUCCESS', conflicts: 1, asset: 'b' })
    const shown = await b.tandem('report', 'show')
    expect(shown.stdout).toContain('DATABASE SYNCHRONIZATION REPORT')
    for (const name of ['from a', 'from b']) expect(shown.stdout).toContain(name)
    const report = await b.tandem('report', 'show', one?.name.slice(0, 20) ?? '', '--json')
    expect(json(report)).toMatchObject({ version: 1, source: 'app' })
    const losing = { collection: 'traders', field: 'username', ours: 'from b', theirs: 'from a', chosen: 'from b' }
    expect(json(report, 'decisions')).toContainEqual(expect.objectContaining(losing))
    await b.git('push', '-q')
    await a.git('pull', '-q')
    expect((await a.tandem('report')).stdout).toMatch(/ app +SUCCESS +1 +\S+\n$/)
    expect((await a.tandem('report', 'show', one?.path ?? '')).stdout).toBe(shown.stdout)
    expect(json(await a.tandem('report', '--only', 'other', '--json'), 'reports')).toEqual([])
  })

  test('a report that is gone from the work tree is shown all the same', async () => {
    await conflict()
    await rm(path.join(b.root, 'exports/reports'), { recursive: true })
    expect((await b.tandem('report', 'show', 'latest')).stdout).toContain('from a')
  })

  test('a hostile or damaged report is told with exit code 4; the others are listed, nothing is followed', async () => {
    await conflict()
    await b.git('push', '-q')
    const folder = path.join(b.root, 'exports/reports/2020-01')
    await b.write('exports/reports/2020-01/20200101T000000Z-app-bad.json', '{"version":1}')
    await symlink('/etc/passwd', path.join(folder, '20200101T000000Z-app-link.json'))
    await b.git('add', 'exports/reports')
    await b.git('commit', '-q', '-m', 'reports')
    const list = await b.tandem('report')
    expect(list.code).toBe(4)
    expect(list.stdout).toMatch(/ app +SUCCESS +1 /)
    expect(list.stdout.match(/DAMAGED/g)).toHaveLength(2)
    expect(list.text).not.toContain('root:')
    expect((await b.tandem('report', 'show', '20200101T000000Z-app-link')).code).toBe(4)
    expect((await b.tandem('report', 'show')).code).toBe(0)
  })

  test('a name that fits none or several is refused', async () => {
    await conflict()
    expect((await b.tandem('report', 'show', 'nothing')).code).toBe(2)
    expect((await b.tandem('report', 'list', 'latest')).code).toBe(2)
    expect((await b.tandem('report', 'shew')).code).toBe(2)
  })
})
