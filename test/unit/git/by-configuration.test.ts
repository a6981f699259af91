/** What is answered from git's configuration instead of by git: the folder of hooks, and where a plain push of the branch goes. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { carriageOf } from '../../../src/git/carry.ts'
import { gitHooksFolder } from '../../../src/git/install/hooks-home.ts'
import { openRepository } from '../../../src/git/repository.ts'

let folder: string
let root: string
let environment: Record<string, string>

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, env: environment, stdio: 'pipe' }).toString().trim()
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tandem configured ')))
  root = path.join(folder, 'clone')
  mkdirSync(root)
  environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  }
  git('init', '-q', '-b', 'main')
  writeFileSync(path.join(root, 'file'), 'one\n')
  git('add', 'file')
  git('-c', 'user.name=n', '-c', 'user.email=e@example.org', 'commit', '-q', '-m', 'one')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each([undefined, 'hooks', './in/here', '../outside', '/absolute/place', '~/mine', '~'])(
  'core.hooksPath %j leads where git looks',
  async (value) => {
    if (value !== undefined) git('config', 'core.hooksPath', value)
    const asked = git('rev-parse', '--path-format=absolute', '--git-path', 'hooks')
    expect(await gitHooksFolder(await openRepository(root, environment))).toBe(path.resolve(root, asked))
  },
)

test('an empty core.hooksPath, of which git itself can tell nothing, is none', async () => {
  git('config', 'core.hooksPath', '')
  expect(await gitHooksFolder(await openRepository(root, environment))).toBe(path.join(root, '.git/hooks'))
})

test.each([undefined, 'hooks'])('in a linked work tree too: core.hooksPath %j', async (value) => {
  if (value !== undefined) git('config', 'core.hooksPath', value)
  const linked = path.join(folder, 'linked')
  git('worktree', 'add', '-q', '-b', 'other', linked)
  const asked = git('-C', linked, 'rev-parse', '--path-format=absolute', '--git-path', 'hooks')
  expect(await gitHooksFolder(await openRepository(linked, environment))).toBe(path.resolve(linked, asked))
})

/** Settings → the ref that a plain push of main goes to; undefined: nothing goes to origin. */
const PUSHES: readonly (readonly [settings: Readonly<Record<string, string>>, ref: string | undefined])[] = [
  [{}, 'refs/heads/main'],
  [{ 'push.default': 'upstream' }, 'refs/heads/main'],
  [{ 'push.default': 'current' }, 'refs/heads/main'],
  [{ 'push.default': 'upstream', 'branch.main.merge': 'refs/heads/theirs' }, 'refs/heads/theirs'],
  [{ 'remote.origin.push': 'refs/heads/main:refs/heads/review' }, 'refs/heads/review'],
  [{ 'branch.main.pushRemote': 'fork' }, undefined],
  [{ 'remote.pushDefault': 'fork' }, undefined],
]

test.each(PUSHES)('a plain push with %j goes to %j', async (settings, ref) => {
  for (const name of ['origin', 'fork']) git('remote', 'add', name, path.join(folder, `${name}.git`))
  git('config', 'branch.main.remote', 'origin')
  git('config', 'branch.main.merge', 'refs/heads/main')
  for (const [name, value] of Object.entries(settings)) git('config', name, value)
  const commit = git('rev-parse', 'HEAD')
  for (const name of ['main', 'theirs', 'review']) git('update-ref', `refs/remotes/origin/${name}`, commit)
  const repository = await openRepository(root, environment)
  const push = { remote: 'origin', url: '', lines: [], words: ['git', 'push'] }
  const carriage = await carriageOf(repository, push, { commit, ref: 'refs/heads/main' })
  expect(carriage.carry ? carriage.remoteRef : undefined).toBe(ref)
})
