/** Damaged and hostile exports: whatever arrives by a pull, it is refused with file and line, and the database stays as it was. */
import { symlink, rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { traders } from '../../support/traders.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

const RECORDS = 'exports/app/traders/records.jsonl'
const STRUCTURE = 'exports/app/traders/collection.json'

let assets: TwoAssets

beforeAll(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 12) } })
})
afterAll(async () => assets.close())

let sound: string
let live: readonly unknown[]

beforeEach(async () => {
  sound = await assets.b.id('HEAD')
  live = await assets.b.database.rows('traders')
})

/** Back to where both were. */
afterEach(async () => {
  for (const asset of [assets.a, assets.b]) {
    await asset.git('reset', '-q', '--hard', sound)
    await asset.git('clean', '-q', '-fd')
  }
  await assets.a.git('push', '-q', '--no-verify', '--force')
  const left = await disagreements(assets)
  if (left.length > 0) throw new Error(left.join('; '))
})

/** Edits a file of the exports by lines. */
async function edit(asset: Asset, file: string, change: (lines: string[]) => string[]): Promise<void> {
  const lines = (await asset.read(file)).split('\n')
  await asset.write(file, change(lines).join('\n'))
}

/** Puts a record's line in the place of another. */
function withLine(lines: readonly string[], index: number, ...instead: readonly string[]): string[] {
  return [...lines.slice(0, index), ...instead, ...lines.slice(index + 1)]
}

const at = (lines: readonly string[], index: number): string => lines[index] ?? ''

type Damage = readonly [title: string, where: RegExp, damage: (a: Asset) => Promise<void>]

const damages: readonly Damage[] = [
  [
    'a record that was changed without its hash',
    /traders\/records\.jsonl:3: the hash of record/,
    (a) => edit(a, RECORDS, (lines) => withLine(lines, 2, at(lines, 2).replace('user2', 'userX'))),
  ],
  [
    'a file that ends in the middle of a line',
    /traders\/records\.jsonl:13: the last line is cut off/,
    (a) => edit(a, RECORDS, (lines) => [...lines.slice(0, 12), at(lines, 12).slice(0, 40)]),
  ],
  [
    'a record that stands there twice',
    /traders\/records\.jsonl:4: key .* occurs twice/,
    (a) => edit(a, RECORDS, (lines) => withLine(lines, 2, at(lines, 2), at(lines, 2))),
  ],
  [
    'records out of order',
    /traders\/records\.jsonl:4: key .* out of order/,
    (a) => edit(a, RECORDS, (lines) => [at(lines, 0), at(lines, 1), at(lines, 3), at(lines, 2), ...lines.slice(4)]),
  ],
  [
    'a header that names another collection',
    /traders\/records\.jsonl:1: the header disagrees/,
    (a) => edit(a, RECORDS, (lines) => withLine(lines, 0, at(lines, 0).replace('"traders"', '"posts"'))),
  ],
  ['a file without its header', /traders\/records\.jsonl:1: /, (a) => edit(a, RECORDS, (lines) => lines.slice(1))],
  ['an empty file', /traders\/records\.jsonl:1: the file is empty/, (a) => a.write(RECORDS, '')],
  [
    'conflict markers',
    /traders\/records\.jsonl:3: a conflict marker of git/,
    (a) =>
      edit(a, RECORDS, (lines) => withLine(lines, 2, '<<<<<<< ours', at(lines, 2), '=======', at(lines, 2), '>>>>>>>')),
  ],
  [
    'a line that is no JSON',
    /traders\/records\.jsonl:3: /,
    (a) => edit(a, RECORDS, (lines) => withLine(lines, 2, '{"h":"0123456789abcdef","r":{nonsense}}')),
  ],
  [
    'nesting without end',
    /traders\/records\.jsonl:3: nested deeper than/,
    (a) =>
      edit(a, RECORDS, (lines) =>
        withLine(lines, 2, `{"h":"0123456789abcdef","r":{"id":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`),
      ),
  ],
  [
    'a symbolic link in the place of a file',
    /traders\/records\.jsonl: git mode 120000/,
    async (a) => {
      await rm(path.join(a.root, RECORDS))
      await symlink('/etc/passwd', path.join(a.root, RECORDS))
    },
  ],
  [
    'a collection that calls itself by a path out of the exports',
    /traders\/collection\.json:1: /,
    (a) =>
      edit(a, STRUCTURE, (lines) =>
        lines.map((line) => line.replace('"collection": "traders"', '"collection": "../../evil"')),
      ),
  ],
  [
    'a structure that is no JSON',
    /traders\/collection\.json:1: expected a JSON object/,
    (a) => a.write(STRUCTURE, '#!/bin/sh\nrm -rf /\n'),
  ],
  [
    'a foreign file among the exports',
    /exports\/app\/traders\/run\.sh: no file of an export/,
    (a) => a.write('exports/app/traders/run.sh', 'echo\n'),
  ],
  [
    'records without their structure',
    /traders\/collection\.json: collection\.json is missing/,
    (a) => rm(path.join(a.root, STRUCTURE)),
  ],
  [
    'a newer format, with the advice to upgrade',
    /traders\/collection\.json:1: format 99 is newer[^]*Upgrade tandem/,
    (a) => edit(a, STRUCTURE, (lines) => lines.map((line) => line.replace('"format": 1', '"format": 99'))),
  ],
]

test.each(damages)('%s is refused', async (_title, where, damage) => {
  const { a, b } = assets
  await damage(a)
  await a.git('add', '-A')
  await a.git('commit', '-q', '-m', 'damage', '--no-verify')
  await a.git('push', '-q', '--no-verify')
  const pull = await b.git('pull')
  expect(pull.text).toMatch(where)
  const apply = await b.tandem('apply')
  expect(apply.code).toBe(4)
  expect(apply.text).toMatch(where)
  expect(await b.database.rows('traders')).toEqual(live)
  const push = await b.git('push')
  expect(push.text).not.toContain('data commit')
  expect(await b.id('HEAD')).toBe(await a.id('HEAD'))
})

test('exports that are gone from HEAD delete nothing', async () => {
  const { a, b } = assets
  await a.git('rm', '-q', '-r', 'exports')
  await a.git('commit', '-q', '-m', 'gone', '--no-verify')
  await a.git('push', '-q', '--no-verify')
  await b.git('pull')
  expect(await b.database.rows('traders')).toEqual(live)
  expect((await b.tandem('apply')).text).toContain('tandem forget')
  expect(await b.database.rows('traders')).toEqual(live)
})

test('every problem of a damaged export stands in verify, with path and line', async () => {
  const { b } = assets
  await edit(b, RECORDS, (lines) => withLine(lines, 2, at(lines, 2).replace('user2', 'userX')))
  await b.git('commit', '-q', '-a', '-m', 'damage', '--no-verify')
  const verify = await b.tandem('verify', '--json')
  expect(verify.code).toBe(4)
  expect(JSON.parse(verify.stdout)).toMatchObject({
    ok: false,
    sources: {
      app: {
        problems: expect.arrayContaining([
          expect.objectContaining({ code: 'damaged', path: RECORDS, line: 3 }),
        ]) as unknown,
      },
    },
  })
})

test('merge PATH reads no link', async () => {
  const { b } = assets
  await symlink(path.join(b.root, RECORDS), path.join(b.root, 'link.jsonl'))
  const merge = await b.tandem('merge', 'link.jsonl')
  expect(merge.code).not.toBe(0)
  expect(merge.text).toContain('link')
  expect(await b.database.rows('traders')).toEqual(live)
})
