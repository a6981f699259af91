import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type JobRun, recordRun, runsOf } from '../../../src/workspace/runs.ts'

const RUN: JobRun = {
  trigger: 'schedule',
  started: '2026-03-01T02:00:00.000Z',
  ended: '2026-03-01T02:00:05.000Z',
  exitCode: 0,
  message: 'done',
  figures: { files: 3 },
}

test('runs are kept in order; one that a crash cut short is left out', async () => {
  const clone = await dataFolder()
  expect(await runsOf(clone, 'mirror')).toEqual([])
  await recordRun(clone, 'mirror', RUN)
  await appendFile(path.join(clone.dataDir, 'runs/mirror.jsonl'), '{"trigger":"sch\n')
  await recordRun(clone, 'mirror', { ...RUN, exitCode: 3 })
  expect((await runsOf(clone, 'mirror')).map(({ exitCode }) => exitCode)).toEqual([0, 3])
  expect(await runsOf(clone, 'backup')).toEqual([])
})

test('the record is cut to the newest thousand before it grows without end', async () => {
  const clone = await dataFolder()
  const file = path.join(clone.dataDir, 'runs/mirror.jsonl')
  await recordRun(clone, 'mirror', RUN)
  await appendFile(file, `${JSON.stringify(RUN)}\n`.repeat(5_000))
  await recordRun(clone, 'mirror', { ...RUN, message: 'the newest' })
  const runs = await runsOf(clone, 'mirror')
  expect([runs.length, runs.at(-1)?.message]).toEqual([1_000, 'the newest'])
  expect((await readFile(file, 'utf8')).endsWith('\n')).toBe(true)
})

async function dataFolder(): Promise<{ readonly dataDir: string }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tandem-runs-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  return { dataDir }
}
