/** Where a repository is found, whatever its path is called. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRepository } from '../../../src/git/repository.ts'

const run = promisify(execFile)
let folder = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'tandem-repository-')))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test.each(['plain', 'two\nlines', ' with blanks ', 'sha1', '\nfirst'])('in a folder called %j', async (name) => {
  const root = path.join(folder, name)
  await mkdir(root)
  await run('git', ['init', '-q', root])
  const repository = await openRepository(root, { PATH: process.env['PATH'] })
  const { gitDir, commonDir, objectFormat, isSubmodule } = repository
  expect({ root: repository.root, gitDir, commonDir, objectFormat, isSubmodule }).toEqual({
    root,
    gitDir: path.join(root, '.git'),
    commonDir: path.join(root, '.git'),
    objectFormat: 'sha1',
    isSubmodule: false,
  })
})
