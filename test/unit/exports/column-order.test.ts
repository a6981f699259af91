/** The order of columns that the history of a commit tells, read from a real repository. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { columnLines, columnOrders } from '../../../src/exports/column-order.ts'
import { collectionFileText } from '../../../src/format/collection-file.ts'
import { openRepository } from '../../../src/git/repository.ts'
import type { CollectionSchema } from '../../../src/model/collection.ts'

const PLACE = 'exports/app/orders'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tandem-columns-'))
  git('init', '-q', '-b', 'main')
  mkdirSync(path.join(folder, PLACE), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

function git(...args: string[]): void {
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@a',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@a',
  }
  execFileSync('git', args, { cwd: folder, env: { ...process.env, ...identity }, stdio: 'pipe' })
}

function schemaOf(names: readonly string[]): CollectionSchema {
  const fields = names.toSorted().map((name) => ({ name, type: 'text' }))
  return { name: 'orders', fields, key: ['id'], uniques: [], references: [], order: 'sorted' }
}

/** A commit of a `collection.json` with these fields, and with these lines at the end of its message. */
function commit(fields: readonly string[] | string, ...trailers: string[]): void {
  const file = path.join(folder, PLACE, 'collection.json')
  const text =
    typeof fields === 'string'
      ? fields
      : collectionFileText({ source: 'app', schema: schemaOf(fields), layout: { kind: 'single' } })
  writeFileSync(file, text)
  git('add', '.')
  git('commit', '-qm', ['data: app +1 ~0 -0', '', 'Tandem-Asset: a', ...trailers].join('\n'))
}

async function orderOf(...fields: string[]): Promise<readonly string[] | undefined> {
  const repository = await openRepository(folder, process.env)
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder }).toString().trim()
  const place = { repository, exportsFolder: 'exports', source: 'app' }
  return (await columnOrders(place, head, [{ name: 'orders', folder: PLACE, fields }])).get('orders')
}

describe('a table is made', () => {
  test('in the order of the newest commit that tells one', async () => {
    commit(['a', 'b', 'id'], 'Tandem-Columns: app/orders 2 0 1')
    expect(await orderOf('a', 'b', 'id')).toEqual(['id', 'a', 'b'])
    commit(['a', 'b', 'c', 'id'], 'Tandem-Columns: app/orders 3 2', 'Tandem-Columns: app/orders 1 0')
    expect(await orderOf('a', 'b', 'c', 'id')).toEqual(['id', 'c', 'b', 'a'])
    commit(['a', 'b', 'c', 'd', 'id'])
    expect(await orderOf('a', 'b', 'c', 'd', 'id')).toEqual(['id', 'c', 'b', 'a', 'd'])
    commit(['a', 'c', 'id'])
    expect(await orderOf('a', 'c', 'id')).toEqual(['id', 'c', 'a'])
  })

  test('in that of both sides of a merge, each with what the other lacks', async () => {
    commit(['a', 'id'], 'Tandem-Columns: app/orders 1 0')
    git('checkout', '-qb', 'side')
    commit(['a', 'd', 'c', 'id'], 'Tandem-Columns: app/orders 3 0 2 1')
    git('checkout', '-q', 'main')
    commit(['a', 'b', 'id'], 'Tandem-Columns: app/orders 2 0 1')
    git('merge', '-q', '-s', 'ours', '--no-commit', 'side')
    commit(['a', 'b', 'c', 'd', 'id'])
    const order = await orderOf('a', 'b', 'c', 'd', 'id')
    expect(order?.slice(0, 2)).toEqual(['id', 'a'])
    expect(order?.filter((name) => ['c', 'd'].includes(name))).toEqual(['d', 'c'])
  })

  test('sorted where no commit tells anything', async () => {
    commit(['a', 'id'])
    expect(await orderOf('a', 'id')).toEqual(['a', 'id'])
  })
})

describe('what does not fit counts for nothing', () => {
  test.each([
    ['too few', '2 0'],
    ['too many', '2 0 1 3'],
    ['one twice', '2 0 0'],
    ['beyond the end', '2 0 7'],
    ['no numbers', '2 zero 1'],
    ['negative', '2 -1 1'],
    ['two for one collection', '2 0 1 2 0 1'],
  ])('%s', async (_, numbers) => {
    commit(['b', 'a', 'id'], 'Tandem-Columns: app/orders 2 1 0')
    commit(['b', 'a', 'id', 'n'])
    commit(['b', 'a', 'id'], `Tandem-Columns: app/orders ${numbers}`)
    expect(await orderOf('a', 'b', 'id')).toEqual(['id', 'b', 'a'])
  })

  test.each(['not JSON', '{}', '{"format":99}'])('beside the damaged collection.json %j', async (text) => {
    commit(['b', 'a', 'id'], 'Tandem-Columns: app/orders 2 1 0')
    commit(text, 'Tandem-Columns: app/orders 0 1 2')
    expect(await orderOf('a', 'b', 'id')).toEqual(['id', 'b', 'a'])
  })

  test('a line in the middle of a message, as in a squash', async () => {
    commit(['b', 'a', 'id'], 'Tandem-Columns: app/orders 2 1 0', '', 'some more words')
    expect(await orderOf('a', 'b', 'id')).toEqual(['a', 'b', 'id'])
  })
})

describe('the message of a commit tells', () => {
  const lines = (columns: readonly string[], fields: readonly string[], file = `${PLACE}/collection.json`): string[] =>
    columnLines(
      {
        source: 'app',
        folder: (name) => `exports/app/${name}`,
        selections: new Map([['orders', { schema: schemaOf(fields), omit: [], derived: [] }]]),
        description: {
          collections: [],
          columns: new Map([['orders', columns]]),
          leftOut: [],
          mandatory: new Map(),
          database: '',
          server: '',
        },
      },
      [file],
    )

  test('the order of the exported columns', () => {
    expect(lines(['id', 'secret', 'b', 'a'], ['a', 'b', 'id'])).toEqual(['Tandem-Columns: app/orders 2 1 0'])
  })

  test('nothing where they are sorted, unknown, or their collection.json stays as it is', () => {
    expect(lines(['a', 'b', 'id'], ['a', 'b', 'id'])).toEqual([])
    expect(lines([], ['a', 'b', 'id'])).toEqual([])
    expect(lines(['id', 'b'], ['a', 'b', 'id'])).toEqual([])
    expect(lines(['id', 'b', 'a'], ['a', 'b', 'id'], `${PLACE}/records.jsonl`)).toEqual([])
  })
})
