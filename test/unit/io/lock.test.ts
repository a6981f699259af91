/** One run at a time, and a dead run holds nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isLeftBehind, lockFile, withLock } from '../../../src/io/lock.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem-lock-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a second run is refused while the first works, and let in afterwards', async () => {
  await withLock(folder, 0, async () => {
    await expect(withLock(folder, 0, () => Promise.resolve())).rejects.toMatchObject({ exitCode: 6 })
  })
  await expect(withLock(folder, 0, () => Promise.resolve('in'))).resolves.toBe('in')
  expect(await readdir(folder)).toEqual([])
})

test('the lock is given back when the work fails', async () => {
  await expect(withLock(folder, 0, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await readdir(folder)).toEqual([])
})

test('the lock of a process that is gone is taken over at once', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  await writeFile(lockFile(folder), JSON.stringify({ host: hostname(), pid: child.pid, start: '1', token: 'x' }))
  expect(await isLeftBehind(lockFile(folder))).toBe(true)
  await expect(withLock(folder, 0, () => Promise.resolve('in'))).resolves.toBe('in')
})

test('a lock whose process number is used again by another process is taken over', async () => {
  await writeFile(lockFile(folder), JSON.stringify({ host: hostname(), pid: process.pid, start: '1', token: 'x' }))
  await expect(withLock(folder, 0, () => Promise.resolve('in'))).resolves.toBe('in')
})

test('a fresh lock of another host is believed', async () => {
  await writeFile(lockFile(folder), JSON.stringify({ host: 'elsewhere', pid: 1, start: '1', token: 'x' }))
  await expect(withLock(folder, 0, () => Promise.resolve())).rejects.toMatchObject({ exitCode: 6 })
})

test('of many runs that wait for a dead one’s lock, one works at a time', async () => {
  await writeFile(lockFile(folder), JSON.stringify({ host: hostname(), pid: 4194305, start: '1', token: 'x' }))
  let inside = 0
  let most = 0
  const run = (): Promise<void> =>
    withLock(folder, 5_000, async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside--
    })
  await Promise.all(Array.from({ length: 12 }, run))
  expect(most).toBe(1)
})

test('a run that died while it removed a dead one’s lock is in nobody’s way', async () => {
  const dead = (token: string): string => JSON.stringify({ host: hostname(), pid: 4194305, start: '1', token })
  await writeFile(lockFile(folder), dead('x'))
  await writeFile(`${lockFile(folder)}.dead-x`, dead('y'))
  await expect(withLock(folder, 0, () => Promise.resolve('in'))).resolves.toBe('in')
  expect(await readdir(folder)).toEqual([])
})
