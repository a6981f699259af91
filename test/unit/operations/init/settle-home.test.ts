/** `init` at a terminal: what becomes of a password that every record needs is asked before anything is exported, and the answer is written into the configuration. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import Database from 'libsql'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConfigOptions } from '../../../../src/config/config.ts'
import { init, type InitResult } from '../../../../src/operations/init/init.ts'
import type { HomeChoice } from '../../../../src/operations/init/settle-home.ts'
import { invocationIn } from '../invocation.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'tandem home '))
  const { environment } = invocationIn(root)
  await promisify(execFile)('git', ['init', '-q', '-b', 'main'], { cwd: root, env: environment })
  const database = new Database(path.join(root, 'app.db'))
  database.exec('CREATE TABLE users (id TEXT PRIMARY KEY, password TEXT NOT NULL, note TEXT)')
  database.exec('CREATE TABLE orders (id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id))')
  database.close()
  const users = { omit: ['note'], newest: 'id' }
  const configuration = { sources: { app: { url: 'sqlite:app.db', exclude: ['old'], collections: { users } } } }
  await writeFile(path.join(root, 'tandem.config.json'), JSON.stringify(configuration))
})
afterEach(() => rm(root, { recursive: true }))

async function answering(answer: Awaited<ReturnType<HomeChoice>>): Promise<{ result: InitResult; asked: string[] }> {
  const asked: string[] = []
  const home: HomeChoice = async (source, { collection, fields }) => {
    asked.push(`${source}/${collection} ${fields.join()}`)
    return answer
  }
  const options = { sources: [], program: { command: 'tandem', note: undefined }, choose: async () => undefined, home }
  return { result: await init(invocationIn(root), options), asked }
}

async function configured(): Promise<ConfigOptions['sources'][string] | undefined> {
  return (JSON.parse(await readFile(path.join(root, 'tandem.config.json'), 'utf8')) as ConfigOptions).sources['app']
}

test.each([
  ['carry', { users: { omit: ['note', '!password'], newest: 'id' } }, ['old']],
  ['fill', { users: { omit: ['note'], newest: 'id', placeholder: { password: '!' } } }, ['old']],
  ['exclude', { users: { omit: ['note'], newest: 'id' } }, ['old', 'users', 'orders']],
] as const)(
  '%s is written beside what the configuration has, approved, and not asked again',
  async (answer, collections, exclude) => {
    const { result, asked } = await answering(answer)
    expect(asked).toEqual(['app/users password'])
    expect(result.sources[0]?.home).toEqual([])
    expect(await configured()).toEqual({ url: 'sqlite:app.db', exclude, collections })
    expect((await answering(answer)).asked).toEqual([])
  },
)

test('no answer writes nothing, and is asked again', async () => {
  const before = await configured()
  const { result } = await answering(undefined)
  expect(await configured()).toEqual(before)
  expect(result.sources[0]?.home).toMatchObject([{ collection: 'users', fields: ['password'], exported: false }])
  expect((await answering(undefined)).asked).toHaveLength(1)
})

test('a table that refers to one that is left out is refused, with the whole list to leave out', async () => {
  const configuration = { sources: { app: { url: 'sqlite:app.db', exclude: ['users'] } } }
  await writeFile(path.join(root, 'tandem.config.json'), JSON.stringify(configuration))
  await expect(answering(undefined)).rejects.toMatchObject({
    hint: 'To leave them out with all that refers to them: "exclude": ["users", "orders"]',
  })
})
