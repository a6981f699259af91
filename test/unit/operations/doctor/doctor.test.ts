/** How far `tandem doctor` goes: each check that fails leaves out those that need what it did not find, and a source that nobody approved is not opened. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TandemError, UsageError } from '../../../../src/model/errors.ts'
import { fail, failedBy, ok, warn } from '../../../../src/operations/doctor/check.ts'
import { checkDatabase } from '../../../../src/operations/doctor/database.ts'
import { doctor, type Check } from '../../../../src/operations/doctor/doctor.ts'
import { NOW_MS } from '../invocation.ts'
import { makeClone, type Clone } from './clone.ts'

const MACHINE = ['git', 'node', 'environment']

let clone: Clone

beforeEach(async () => {
  clone = await makeClone()
})
afterEach(() => clone.remove())

const names = (checks: readonly Check[]): string[] => checks.map(({ name }) => name)

test('an outcome carries its name, its words and, unless all is well, the next step', () => {
  expect(ok('a', 'b')).toEqual({ name: 'a', status: 'ok', message: 'b', hint: undefined })
  expect(warn('a', 'b', 'c')).toEqual({ name: 'a', status: 'warn', message: 'b', hint: 'c' })
  expect(fail('a', 'b', undefined)).toEqual({ name: 'a', status: 'fail', message: 'b', hint: undefined })
  expect(failedBy('a', new UsageError('b', { hint: 'c' }))).toEqual(fail('a', 'b', 'c'))
  expect(new UsageError('b')).toBeInstanceOf(TandemError)
})

describe('goes no further than', () => {
  test('the repository where there is none', async () => {
    await rm(path.join(clone.root, '.git'), { recursive: true })
    const checks = await doctor(clone.invocation, undefined)
    expect(names(checks)).toEqual([...MACHINE, 'repository'])
    expect(checks.at(-1)?.status).toBe('fail')
  })

  test('the configuration where there is none, or an invalid one', async () => {
    for (const text of [undefined, '{', '{"sources":{}}']) {
      const file = path.join(clone.root, 'tandem.config.json')
      if (text === undefined) await rm(file)
      else await writeFile(file, text)
      const checks = await doctor(clone.invocation, undefined)
      expect(names(checks)).toEqual([...MACHINE, 'repository', 'configuration'])
      expect(checks.at(-1)?.status).toBe('fail')
    }
  })
})

test('in a clone that was never set up all is looked at, and only the database is not opened', async () => {
  await clone.commit('first')
  const checks = await doctor(clone.invocation, undefined)
  expect(names(checks).slice(0, 5)).toEqual([...MACHINE, 'repository', 'configuration'])
  expect(names(checks).slice(-2)).toEqual(['app: approved', 'app: held'])
  const failed = checks.filter(({ status }) => status === 'fail')
  expect(names(failed)).toEqual(['hooks', 'command', 'merge driver', 'exports folder', 'app: approved'])
  expect(failed.map(({ hint }) => hint)).toEqual(failed.map(() => expect.stringContaining('tandem init')))
})

test('a source that there is not is an error of usage', async () => {
  await expect(doctor(clone.invocation, { source: 'other', collection: undefined })).rejects.toThrow(UsageError)
})

describe('what is held', () => {
  async function held(record: Readonly<Record<string, { reason: string; since: number }>>): Promise<Check | undefined> {
    await mkdir(path.join(clone.root, '.git/tandem'), { recursive: true })
    await writeFile(path.join(clone.root, '.git/tandem/held.json'), JSON.stringify(record))
    const workspace = await clone.workspace()
    const [config] = workspace.config.sources
    if (config === undefined) throw new Error('no source')
    return (await checkDatabase(workspace, config)).find(({ name }) => name === 'app: held')
  }

  test('is nothing where nothing was', async () => {
    expect(await held({})).toMatchObject({ status: 'ok' })
  })

  test('is told with its age and reason', async () => {
    const since = NOW_MS - 3 * 3_600_000
    expect(await held({ 'app/posts': { reason: 'has no primary key', since } })).toMatchObject({
      status: 'warn',
      message: 'app/posts (3 hours): has no primary key',
      hint: 'tandem status tells what is held now.',
    })
  })

  test('of another source is not told here, also where its name begins alike', async () => {
    expect(await held({ 'app2/posts': { reason: 'x', since: NOW_MS } })).toMatchObject({ status: 'ok' })
  })
})
