/** `tandem stats`: what live and the exports hold, with its exit codes, its words and its JSON. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PROGRAM, type Asset } from '../../support/asset.ts'
import { json } from '../../support/json-answer.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 120) } })
  ;({ a } = assets)
})
afterEach(() => assets.close())

const MAKE_TABLE = `
const Database = require('libsql')
const database = new Database(process.argv[1])
database.exec('DROP TABLE traders; DROP TABLE posts; DROP TABLE _tandem; CREATE TABLE extra (id TEXT PRIMARY KEY)')`

describe('stats', () => {
  test('counts live and exported records, and names layout, files and the last data commit', async () => {
    await a.database.insert('traders', traders('id', 200, 121))
    const answer = await a.tandem('stats', '--json')
    expect(answer.code).toBe(0)
    const head = await a.id('HEAD')
    expect(json(answer)).toMatchObject({
      version: 1,
      ok: true,
      head,
      sources: {
        app: {
          database: 'data/app.db',
          collections: {
            traders: { records: 320, exported: 120, layout: 'single', files: 1, syncPoint: head },
            posts: { records: 0, exported: 0, layout: 'single', files: 1 },
          },
          lastDataCommit: { commit: head, asset: 'a' },
        },
      },
    })
    expect(answer.stderr).toMatch(/traders +320 +120 +single +1 +HEAD/)
  })

  test('the seed called it --stats', async () => {
    const [flag, command] = [await a.tandem('--stats'), await a.tandem('stats')]
    expect(flag.stdout).toBe(command.stdout)
    expect(flag.stdout).toMatch(/last data commit [0-9a-f]{7} of a, /)
  })

  test('files are counted where a collection has many, and emptied ones with them', async () => {
    await a.database.insert(
      'posts',
      Array.from({ length: 400 }, (_, i) => ({ id: i + 1, title: `t${i}` })),
    )
    await a.tandem('export', '--commit', '--relayout')
    await a.database.run('DELETE FROM posts WHERE id > 300')
    expect((await a.tandem('export', '--commit', '--allow-deletes', 'posts=100')).code).toBe(0)
    // seven of the new layout, and the emptied one of the old
    const posts = json(await a.tandem('stats', '--json'), 'sources', 'app', 'collections', 'posts')
    expect(posts).toMatchObject({ records: 300, exported: 300, layout: 'range:6', files: 8 })
  })

  test('one source that cannot be reached is told, with exit code 3, and the others are shown', async () => {
    const config = JSON.parse(await a.read('tandem.config.json')) as { sources: Record<string, unknown> }
    config.sources['more'] = { url: 'sqlite:data/more.db' }
    await a.write('tandem.config.json', JSON.stringify(config))
    const more = path.join(a.root, 'data/more.db')
    await a.start('cp', ['data/app.db', 'data/more.db'])
    await a.start(process.execPath, ['-e', MAKE_TABLE, more], {
      NODE_PATH: path.resolve(PROGRAM, '../../../node_modules'),
    })
    expect((await a.tandem('init', '--yes', '--join', 'unite')).code).toBe(0)
    await rm(more)
    const answer = await a.tandem('stats', '--json')
    expect(answer.code).toBe(3)
    expect(json(answer, 'ok')).toBe(false)
    expect(json(answer, 'sources', 'app')).toMatchObject({ collections: { traders: { records: 120 } } })
    expect(json(answer, 'sources', 'more')).toMatchObject({ error: { code: 'unreachable' } })
  })

  test('--only takes a source or a collection, and corrects a misspelt one', async () => {
    const one = json(await a.tandem('stats', '--only', 'app/posts', '--json'), 'sources', 'app', 'collections')
    expect(Object.keys(one as object)).toEqual(['posts'])
    const wrong = await a.tandem('stats', '--only', 'app/trader')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('Did you mean app/traders?')
    expect((await a.tandem('stats', '--only', 'ap')).code).toBe(2)
  })

  test('a table that the exports have and the database has not is shown as missing', async () => {
    await a.database.run('DROP TABLE posts')
    const answer = await a.tandem('stats')
    expect(answer.code).toBe(0)
    expect(answer.stdout).toMatch(/posts +missing +0 /)
  })
})
