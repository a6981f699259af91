/** Who committed a text, read from a real repository. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRepository } from '../../../src/git/repository.ts'
import { lastWrites, textWriters } from '../../../src/history/writers.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tandem-writers-'))
  git('init', '-q')
  mkdirSync(path.join(folder, 'exports'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function git(...args: string[]): void {
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@a',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@a',
  }
  execFileSync('git', args, { cwd: folder, env: { ...process.env, ...identity } })
}

/** A data commit at `at` (ms) that leaves these records. */
function commit(at: number, asset: string, records: string[]): void {
  const lines = records.map((text) => `{"h":"0123456789abcdef","r":${text}}\n`)
  writeFileSync(path.join(folder, 'exports', 'records.jsonl'), lines.join(''))
  git('add', '.')
  git('commit', '-qm', `data\n\nTandem-Asset: ${asset}\nTandem-Clock: 0 ${at}\n`)
}

test('the writer of a text is who added it, not who removed it later', async () => {
  const [ann, ben] = ['{"id":1,"n":"ann"}', '{"id":2,"n":"ben"}']
  commit(1000, 'kitchen', [ann, ben])
  commit(2000, 'office', [ben])
  commit(3000, 'office', [ben, '{"id":3,"n":"cem"}'])
  const repository = await openRepository(folder, process.env)
  const question = { range: ['HEAD'], place: 'exports', key: ['id'] }
  const writerOf = await textWriters({ repository }, question)
  expect(writerOf('[1]', ann)).toMatchObject({ asset: 'kitchen', at: 1000 })
  expect(writerOf('[2]', ben)).toMatchObject({ asset: 'kitchen', at: 1000 })
  expect((await lastWrites(repository, question))('[1]')).toMatchObject({ asset: 'office', at: 2000 })
})
