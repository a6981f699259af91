/** What `tandem doctor` says of the moment: whether HEAD carries data, the clock at its bound, what waits, what killed runs left behind. */
import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lockFile } from '../../../../src/io/lock.ts'
import type { Check } from '../../../../src/operations/doctor/check.ts'
import { checkState } from '../../../../src/operations/doctor/state.ts'
import { makeClone, type Clone } from './clone.ts'

const MINUTE_MS = 60_000
/** A process that cannot be: pids end far below. */
const NOBODY = 2 ** 30

let clone: Clone

beforeEach(async () => {
  clone = await makeClone()
})
afterEach(() => clone.remove())

async function checks(): Promise<Readonly<Record<string, Check>>> {
  const all = await checkState(await clone.workspace())
  return Object.fromEntries(all.map((check) => [check.name, check]))
}

describe('the branch', () => {
  test('carries data where nothing is in the way', async () => {
    await clone.commit('first')
    expect((await checks())['branch']).toMatchObject({ status: 'ok', message: 'main carries the data' })
  })

  test('without a commit carries none, and neither clock nor remote is asked', async () => {
    const found = await checks()
    expect(found['branch']).toMatchObject({ status: 'warn', message: 'data is not carried: there is no commit yet' })
    expect(Object.keys(found)).toEqual(['branch', 'reports', 'leftovers'])
  })

  test('that another one was chosen over carries none, with the step to take', async () => {
    await clone.commit('first')
    await clone.git('config', 'tandem.branch', 'live')
    expect((await checks())['branch']).toMatchObject({
      status: 'warn',
      message: 'data is not carried: branch main does not carry data (live does)',
      hint: 'Switch to a branch that carries data: git switch live; or name this one in "branches" of tandem.config.json, then: tandem init',
    })
  })

  test('carries none while tandem is paused, and the step is to resume', async () => {
    await clone.commit('first')
    await clone.git('config', 'tandem.paused', 'since')
    expect((await checks())['branch']).toMatchObject({ status: 'warn', hint: 'Run: tandem resume && tandem apply' })
  })

  test('waits while git is in the middle of something', async () => {
    await clone.commit('first')
    await mkdir(path.join(clone.root, '.git/rebase-merge'))
    expect((await checks())['branch']?.message).toMatch(/^git is in the middle of a rebase/)
  })
})

describe('the clock', () => {
  test.each([
    ['a day behind this machine’s', -1440 * MINUTE_MS],
    ['the same', 0],
    ['exactly five minutes ahead', 5 * MINUTE_MS],
  ])('of the newest commit may be %s', async (_how, ms) => {
    await clone.commit('first', ms)
    expect((await checks())['clock']?.status).toBe('ok')
  })

  test('of the newest commit may not be a second more than five minutes ahead', async () => {
    await clone.commit('first', 5 * MINUTE_MS + 1000)
    const { clock } = await checks()
    expect(clock).toMatchObject({ status: 'fail', hint: expect.stringContaining('--accept-clock') })
    expect(clock?.message).toMatch(/^the newest commit is 5 minutes ahead of this machine's clock/)
  })
})

describe('the remote', () => {
  test('that there is none is told', async () => {
    await clone.commit('first')
    expect((await checks())['remote']).toMatchObject({ status: 'warn', hint: 'Run: git remote add origin URL' })
  })

  test('lacks data commits, of which three are named; other commits do not count', async () => {
    await clone.git('remote', 'add', 'origin', 'elsewhere')
    await clone.commit('first')
    expect((await checks())['remote']).toMatchObject({ status: 'ok', message: 'every data commit is pushed' })
    for (let i = 0; i < 5; i++) await clone.commit(`data\n\nTandem-Export: ${i}`)
    const { remote } = await checks()
    expect(remote?.status).toBe('warn')
    expect(remote?.message).toMatch(/: [0-9a-f]{7}, [0-9a-f]{7}, [0-9a-f]{7}$/)
    await clone.git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    expect((await checks())['remote']?.status).toBe('ok')
  })
})

describe('what is left behind', () => {
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const git = (name: string): string => path.join(clone.root, '.git', name)

  test('is nothing in a clone where all runs ended', async () => {
    await clone.commit('first')
    expect((await checks())['leftovers']).toMatchObject({ status: 'ok' })
  })

  test('by a dead run is told: its lock, its lock of the index, the mark of its push', async () => {
    const owner = { pid: NOBODY, host: hostname(), token: 'x' }
    await put(lockFile(git('tandem')), JSON.stringify(owner))
    await put(git('index.lock'), `tandem index lock, pid ${NOBODY}\n`)
    await put(git(`tandem/push/${NOBODY}`), '')
    const { leftovers } = await checks()
    expect(leftovers?.status).toBe('warn')
    expect(leftovers?.message.split('; ')).toEqual([
      'the lock of a run that died',
      expect.stringMatching(/^the index lock of a run that died: .*index\.lock$/),
      'marks of 1 push that did not end',
    ])
  })

  test('does not count while its owner runs', async () => {
    await put(git('index.lock'), `tandem index lock, pid ${process.pid}\n`)
    await put(git(`tandem/push/${process.pid}`), '')
    expect((await checks())['leftovers']?.status).toBe('ok')
  })

  test('by git is a lock that names nobody', async () => {
    await put(git('index.lock'), '')
    expect((await checks())['leftovers']?.message).toMatch(/another git is at work, or was killed/)
  })
})
