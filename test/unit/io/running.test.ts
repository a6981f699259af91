import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { isRunning, startOf } from '../../../src/io/running.ts'

const hasProc = process.platform === 'linux'

test('this process runs, and one that has ended does not', async () => {
  expect(isRunning(process.pid)).toBe(true)
  const child = spawn('true')
  await once(child, 'close')
  expect(isRunning(child.pid as number)).toBe(false)
})

test.runIf(hasProc)(
  'a process that ended and that nobody waits for does not run, though a signal reaches it',
  async () => {
    // the shell's child ends when it is told to: the program that has taken the shell's place by then never asks for it
    const parent = spawn('sh', ['-c', 'sh -c "read line <&3" & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    })
    try {
      const [line] = (await once(parent.stdout as Readable, 'data')) as [Buffer]
      const zombie = Number(line.toString())
      await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
      const told = parent.stdio[3] as Writable
      told.end()
      await expect.poll(() => isRunning(zombie), { timeout: 5000 }).toBe(false)
      expect(process.kill(zombie, 0)).toBe(true)
    } finally {
      parent.kill('SIGKILL')
    }
  },
)

test.runIf(hasProc)('a process started later has a later start', async () => {
  const child = spawn('sleep', ['30'])
  try {
    expect(Number(startOf(child.pid as number))).toBeGreaterThan(Number(startOf(process.pid)))
  } finally {
    child.kill()
  }
})
