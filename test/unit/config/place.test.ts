import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkInsideWorkTree, insideWorkTree } from '../../../src/config/place.ts'
import { readConfig, readDotenv } from '../../../src/config/read.ts'
import { UsageError } from '../../../src/model/errors.ts'
import { usageError } from './support.ts'

describe('insideWorkTree', () => {
  it.each([
    ['exports', 'exports'],
    ['./data//exports/', 'data/exports'],
    ['data\\exports', 'data/exports'],
    ['.github/data', '.github/data'],
    ['..data/x..', '..data/x..'],
    ['.gitdata', '.gitdata'],
  ])('brings %s into the plain form %s', (path, plain) => {
    expect(insideWorkTree(path, 'exports')).toBe(plain)
  })

  it.each([
    '/abs',
    '\\\\server\\share',
    'C:\\data',
    'c:data',
    '~/x',
    ':(top)x',
    'file:x',
    '..',
    'a/../../b',
    'a\\..\\b',
    '.. /x',
    '.',
    '',
    '.git',
    'a/.GIT/hooks',
    '.git./x',
    '.git /x',
    '.git::$INDEX_ALLOCATION/x',
    'GIT~1/x',
    '.g\u200cit/x',
    'a\nb',
  ])('refuses %j', (path) => {
    expect(usageError(() => insideWorkTree(path, 'exports')).message).toMatch(/^exports: /)
  })
})

describe('on disk', () => {
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tandem-place-'))
  })
  afterEach(async () => {
    await rm(root, { recursive: true, force: true })
  })

  it('a path may exist, exist in part, or not exist', async () => {
    await mkdir(join(root, 'data'))
    await writeFile(join(root, 'data', 'app.db'), '')
    await expect(checkInsideWorkTree(root, 'data/app.db')).resolves.toBeUndefined()
    await expect(checkInsideWorkTree(root, 'data/new/x.db')).resolves.toBeUndefined()
    await expect(checkInsideWorkTree(root, 'data/app.db/below')).resolves.toBeUndefined()
  })

  it('a symbolic link at the end, on the way, or to nowhere is refused', async () => {
    await mkdir(join(root, 'data'))
    await symlink('/etc/passwd', join(root, 'data', 'app.db'))
    await symlink('/', join(root, 'everything'))
    await symlink(join(root, 'nowhere'), join(root, 'dangling'))
    for (const path of ['data/app.db', 'everything/etc/passwd', 'dangling']) {
      await expect(checkInsideWorkTree(root, path)).rejects.toThrow(/is a symbolic link/)
    }
  })

  it('a configuration is read from a regular file at the root', async () => {
    await writeFile(join(root, 'tandem.config.json'), '{"sources": {"app": {"url": "sqlite:app.db"}}}')
    const config = await readConfig(root)
    expect(config.sources.map((source) => source.name)).toEqual(['app'])
  })

  it('a missing configuration names the command that writes one', async () => {
    const error = await readConfig(root).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).hint).toContain('tandem init')
  })

  it('a configuration that is a link is refused', async () => {
    await symlink('/etc/passwd', join(root, 'tandem.config.json'))
    await expect(readConfig(root)).rejects.toThrow('tandem.config.json is not a regular file')
  })

  it('.env is a table, empty when there is none', async () => {
    expect((await readDotenv(root)).size).toBe(0)
    await writeFile(join(root, '.env'), 'APP_DATABASE_URL=sqlite:x.db\n')
    expect([...(await readDotenv(root))]).toEqual([['APP_DATABASE_URL', 'sqlite:x.db']])
  })
})
