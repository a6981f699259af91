/** `tandem merge-file` on real files in a folder that is no repository: what is merged, what is refused, what is written. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { headerOf } from '../../../../src/format/header.ts'
import { parseRecordsFile, recordsFileText } from '../../../../src/format/records-file.ts'
import { DamagedError, UsageError } from '../../../../src/model/errors.ts'
import { mergeFile, writeResult, type MergedFile } from '../../../../src/operations/merge-file/merge-file.ts'
import type { Invocation } from '../../../../src/workspace/workspace.ts'
import { invocationIn } from '../invocation.ts'

const SCHEMA = { name: 'posts', fields: [], key: ['id'], uniques: [], references: [], order: 'sorted' } as const
const HEADER = headerOf({ source: 'app', schema: SCHEMA, layout: { kind: 'single' } }, 'records')

let folder: string
let invocation: Invocation

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem merge-file '))
  invocation = invocationIn(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A records file of posts: id → the other fields' JSON. */
async function file(name: string, records: Readonly<Record<number, string>>): Promise<string> {
  const texts = Object.entries(records).map(([id, rest]) => [`[${id}]`, `{${rest},"id":${id}}`] as const)
  const text = recordsFileText(HEADER, new Map(texts))
  await writeFile(path.join(folder, name), text)
  return text
}

async function merge(
  names: readonly [string, string, string],
  more: { collection?: string; input?: string } = {},
): Promise<MergedFile & { readonly text: string }> {
  const [base, ours, theirs] = names
  const { collection, input = '' } = more
  const options = { base, ours, theirs, collection, standardInput: () => Promise.resolve(input) }
  const merged = await mergeFile(invocation, options)
  const text = Buffer.concat([...merged.parts()]).toString()
  merged.close()
  return { ...merged, text }
}

const SIDES = ['base', 'ours', 'theirs'] as const

test('fields that only one side changed come together; nothing is left to decide', async () => {
  await file('base', { 1: '"a":"1","b":"1"', 2: '"a":"x"' })
  await file('ours', { 1: '"a":"2","b":"1"', 2: '"a":"x"', 3: '"a":"ours"' })
  await file('theirs', { 1: '"a":"1","b":"3"' })
  const merged = await merge(SIDES)
  expect([...parseRecordsFile(merged.text, 'merged').records.values()]).toEqual([
    '{"a":"2","b":"3","id":1}',
    '{"a":"ours","id":3}',
  ])
  expect(merged.collisions).toEqual([])
  expect(merged.report).toMatchObject({ source: 'app', base: 'base', ours: 'ours', status: 'SUCCESS', decisions: [] })
})

test('the result is the same whichever side comes first, and the losing value is in the report', async () => {
  await file('base', { 1: '"a":"0"' })
  await file('ours', { 1: '"a":"1"' })
  await file('theirs', { 1: '"a":"2"' })
  const [one, other] = [await merge(SIDES), await merge(['base', 'theirs', 'ours'])]
  expect(one.text).toBe(other.text)
  const [decision] = one.report.decisions
  expect(decision).toMatchObject({ key: '[1]', field: 'a', base: '"0"', ours: '"1"', theirs: '"2"' })
  expect(one.text).toContain(`"a":${decision?.chosen}`)
  expect(one.report.collections['posts']).toMatchObject({ conflicts: 1, before: 1, after: 1 })
})

test('a missing or empty file holds no records, and the missing one is named', async () => {
  await file('ours', { 1: '"a":"1"' })
  await writeFile(path.join(folder, 'theirs'), '')
  const merged = await merge(SIDES)
  expect(merged.text).toBe(await readFile(path.join(folder, 'ours'), 'utf8'))
  expect(merged.missing).toEqual(['base'])
  expect(merged.report.base).toBeUndefined()
  const nothing = await merge(['no', 'none', 'never'])
  expect(nothing).toMatchObject({ text: '', missing: ['no', 'none', 'never'] })
})

test('an empty side deletes only what the other left untouched', async () => {
  await file('base', { 1: '"a":"1"', 2: '"a":"1"' })
  await file('ours', { 1: '"a":"1"', 2: '"a":"2"' })
  await file('theirs', {})
  const { text, report } = await merge(SIDES)
  expect([...parseRecordsFile(text, 'merged').records.keys()]).toEqual(['[2]'])
  expect(report.decisions.map(({ kind }) => kind)).toEqual(['edit-delete'])
})

test('an empty standard input holds no records, and is not missing', async () => {
  await file('ours', { 1: '"a":"1"' })
  await file('theirs', { 1: '"a":"1"' })
  const merged = await merge(['-', 'ours', 'theirs'])
  expect(merged.text).toBe(await readFile(path.join(folder, 'ours'), 'utf8'))
  expect(merged).toMatchObject({ missing: [], collisions: [], report: { base: undefined, decisions: [] } })
})

test('three files without any record give one without any', async () => {
  const text = await file('base', {})
  for (const name of ['ours', 'theirs']) await file(name, {})
  const merged = await merge(SIDES)
  expect(merged.text).toBe(text)
  expect(merged.report.collections['posts']).toMatchObject({ before: 0, after: 0, changed: 0, conflicts: 0 })
})

test('three equal files give the same bytes, and nothing to tell', async () => {
  for (const name of SIDES) await file(name, { 1: '"a":"1"', 2: '"a":"2"' })
  const merged = await merge(SIDES)
  expect(merged.text).toBe(await readFile(path.join(folder, 'base'), 'utf8'))
  expect(merged.report).toMatchObject({ status: 'SUCCESS', held: [], decisions: [] })
})

test('a record that both deleted is gone, one that both added alike is there once', async () => {
  await file('base', { 1: '"a":"1"', 2: '"a":"1"' })
  await file('ours', { 2: '"a":"1"', 3: '"a":"new"' })
  await file('theirs', { 2: '"a":"1"', 3: '"a":"new"' })
  const { text, report } = await merge(SIDES)
  expect([...parseRecordsFile(text, 'merged').records.keys()]).toEqual(['[2]', '[3]'])
  expect(report.decisions).toEqual([])
})

test('the report names machine, moment and the three files', async () => {
  for (const name of SIDES) await file(name, { 1: '"a":"1"' })
  expect((await merge(SIDES)).report).toMatchObject({
    asset: 'here',
    time: '2026-01-01T00:00:00.000Z',
    base: 'base',
    ours: 'ours',
    theirs: 'theirs',
  })
})

test('one of the three is standard input where it is called -', async () => {
  const input = await file('base', { 1: '"a":"1"' })
  await file('ours', { 1: '"a":"1"' })
  await file('theirs', { 1: '"a":"2"' })
  expect((await merge(['-', 'ours', 'theirs'], { input })).text).toContain('"a":"2"')
  await expect(merge(['-', '-', 'theirs'], { input })).rejects.toThrow(UsageError)
})

test('a file of our side that is changed before the result is written is refused', async () => {
  for (const name of SIDES) await file(name, { 1: '"a":"1"', 2: '"a":"2"' })
  const [base, ours, theirs] = SIDES
  const options = { base, ours, theirs, collection: undefined, standardInput: () => Promise.resolve('') }
  const merged = await mergeFile(invocation, options)
  await file('ours', { 1: '"a":"3"', 2: '"a":"2"' })
  await expect(writeResult(invocation, 'out', merged.parts)).rejects.toThrow(/ours: it was changed while/)
  merged.close()
  expect((await readdir(folder)).sort()).toEqual([...SIDES].sort())
})

describe('what is refused', () => {
  beforeEach(async () => {
    for (const name of SIDES) await file(name, { 1: '"a":"1"' })
  })

  test('a link, even to a sound file', async () => {
    await symlink('theirs', path.join(folder, 'link'))
    await expect(merge(['base', 'ours', 'link'])).rejects.toThrow(/link: not a regular file/)
  })

  test('a folder and a device', async () => {
    await mkdir(path.join(folder, 'folder'))
    await expect(merge(['base', 'folder', 'theirs'])).rejects.toThrow(DamagedError)
    await expect(merge(['/dev/zero', 'ours', 'theirs'])).rejects.toThrow(DamagedError)
  })

  test('a path that leads through a file, as an error of usage and not as a missing side', async () => {
    await expect(merge(['base', 'ours', 'theirs/below'])).rejects.toThrow(UsageError)
    await expect(merge(['base', 'ours', 'theirs/below'])).rejects.toThrow(/theirs\/below cannot be read/)
  })

  test('files with another key', async () => {
    const header = { ...HEADER, key: ['a'] }
    await writeFile(path.join(folder, 'theirs'), recordsFileText(header, new Map([['["1"]', '{"a":"1","id":1}']])))
    await expect(merge(SIDES)).rejects.toThrow(/header disagrees/)
  })

  test.each([
    ['a changed value', (text: string) => text.replace('"a":"1"', '"a":"2"'), /hash of record \[1\] does not fit/],
    ['a cut end', (text: string) => text.slice(0, -4), /cut off/],
    ['a conflict marker', (text: string) => `${text}<<<<<<< ours\n`, /conflict marker/],
    ['bytes that are no UTF-8', () => Buffer.from([0xff, 0xfe, 0x0a]), /expected a JSON object/],
    ['no header', (text: string) => text.slice(text.indexOf('\n') + 1), /theirs:1/],
  ])('%s, naming the file', async (_, damage, message) => {
    const text = await readFile(path.join(folder, 'theirs'), 'utf8')
    await writeFile(path.join(folder, 'theirs'), damage(text))
    const outcome = merge(SIDES)
    await expect(outcome).rejects.toThrow(DamagedError)
    await expect(outcome).rejects.toThrow(message)
  })

  test('a file of another collection', async () => {
    const header = { ...HEADER, collection: 'comments' }
    await writeFile(path.join(folder, 'theirs'), recordsFileText(header, new Map()))
    await expect(merge(SIDES)).rejects.toThrow(/header disagrees/)
  })

  test('rules of a collection where no configuration has any', async () => {
    await expect(merge(SIDES, { collection: 'posts' })).rejects.toThrow(/no configuration here has source app/)
  })
})

describe('writing a result', () => {
  test('replaces a file as a whole and leaves nothing beside it', async () => {
    await writeFile(path.join(folder, 'out'), 'before')
    await writeResult(invocation, 'out', 'after')
    expect(await readFile(path.join(folder, 'out'), 'utf8')).toBe('after')
    expect(await readdir(folder)).toEqual(['out'])
  })

  test('in parts keeps the mode of the file, and leaves it as it was where a part cannot be made', async () => {
    await writeFile(path.join(folder, 'out'), 'before', { mode: 0o600 })
    await writeResult(invocation, 'out', () => [Buffer.from('af'), Buffer.from('ter')])
    expect(await readFile(path.join(folder, 'out'), 'utf8')).toBe('after')
    expect((await stat(path.join(folder, 'out'))).mode & 0o777).toBe(0o600)
    const broken = function* (): Iterable<Buffer> {
      yield Buffer.from('half')
      throw new DamagedError({ path: 'ours' }, 'changed')
    }
    await expect(writeResult(invocation, 'out', broken)).rejects.toThrow(DamagedError)
    expect(await readFile(path.join(folder, 'out'), 'utf8')).toBe('after')
    expect(await readdir(folder)).toEqual(['out'])
  })

  test('makes a file that was not there', async () => {
    await writeResult(invocation, 'out', '')
    expect(await readFile(path.join(folder, 'out'), 'utf8')).toBe('')
  })

  test('never takes the place of a folder, nor goes through a file', async () => {
    await mkdir(path.join(folder, 'out'))
    await writeFile(path.join(folder, 'file'), 'before')
    await expect(writeResult(invocation, 'out', 'after')).rejects.toThrow(/out is not a regular file/)
    const through = writeResult(invocation, 'file/below', 'after')
    await expect(through).rejects.toThrow(UsageError)
    await expect(through).rejects.toThrow(/file\/below cannot be written/)
    expect(await readFile(path.join(folder, 'file'), 'utf8')).toBe('before')
  })

  test('never goes through a link', async () => {
    await writeFile(path.join(folder, 'target'), 'before')
    await symlink('target', path.join(folder, 'out'))
    await expect(writeResult(invocation, 'out', 'after')).rejects.toThrow(UsageError)
    expect(await readFile(path.join(folder, 'target'), 'utf8')).toBe('before')
  })
})
