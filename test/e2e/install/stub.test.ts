/** What an installed hook does before the program starts, or instead: real git operations, a real program that writes down its calls. */
import { rm, utimes } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HOOK_NAMES } from '../../../src/git/install/hook-file.ts'
import { installHooks } from '../../../src/git/install/hooks.ts'
import { branchesText, clearReconciled, writeBranches, writeReconciled } from '../../../src/git/install/stub-state.ts'
import { hookedRepository, type HookedRepository } from '../../support/hooked-repository.ts'

let repo: HookedRepository

beforeEach(async () => {
  repo = await hookedRepository()
  await installHooks(repo.repository)
})

afterEach(() => repo.close())

const head = async (): Promise<{ commit: string; branch: string }> => ({
  commit: await repo.git('rev-parse', 'HEAD'),
  branch: 'main',
})

/** A commit without our hooks in the way of what is tested. */
const quietCommit = (): Promise<string> =>
  repo.git('-c', 'core.hooksPath=/dev/null', 'commit', '-q', '--allow-empty', '-m', 'x')

describe('a hook starts the program', () => {
  test('with its name, git’s arguments and git’s standard input, and git never fails for it', async () => {
    await repo.addRemote('origin')
    const first = await repo.git('rev-parse', 'HEAD')
    await repo.commit('code.txt', 'two\n')
    expect(await repo.calls()).toBe('first word hook post-commit\n')
    const second = await repo.git('rev-parse', 'HEAD')
    await repo.git('commit', '-q', '--amend', '-m', 'amended')
    const amended = await repo.git('rev-parse', 'HEAD')
    expect(await repo.calls()).toBe(
      `first word hook post-commit\nfirst word hook post-rewrite amend\n${second} ${amended}\n`,
    )
    await repo.git('checkout', '-q', '-b', 'side', first)
    expect(await repo.calls()).toBe(`first word hook post-checkout ${amended} ${first} 1\n`)
    await repo.git('merge', '-q', 'main')
    expect(await repo.calls()).toBe('first word hook post-merge 0\n')
    await repo.git('push', '-q', 'origin', 'side')
    expect(await repo.calls()).toBe(
      `first word hook pre-push origin ${repo.folder}/origin.git pid=git\nrefs/heads/side ${amended} refs/heads/side ${'0'.repeat(40)}\n`,
    )
  })

  test('in pre-commit too, also for the very first commit', async () => {
    await installHooks(repo.repository, HOOK_NAMES)
    await repo.git('update-ref', '-d', 'HEAD')
    await repo.commit('code.txt', 'two\n')
    expect((await repo.calls()).split('\n')).toEqual([
      'first word hook pre-commit',
      'first word hook prepare-commit-msg .git/COMMIT_EDITMSG message',
      'first word hook post-commit',
      '',
    ])
  })

  test('for an empty push, with empty standard input for us and for the user’s own hook', async () => {
    await repo.addRemote('origin')
    await repo.git('push', '-q', '--no-verify', 'origin', 'main')
    const own = await repo.read('.git/hooks/pre-push')
    await repo.write('.git/hooks/pre-push', `${own}wc -c >seen\n`, 0o755)
    await repo.git('push', '-q', 'origin', 'main')
    expect(await repo.calls()).toBe(`first word hook pre-push origin ${repo.folder}/origin.git pid=git\n`)
    expect((await repo.read('seen')).trim()).toBe('0')
  })

  test('with a pre-push of many lines handed on whole', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `refs/heads/b${i} ${'a'.repeat(40)} refs/heads/b${i} x\n`)
    await repo.write('.git/hooks/pre-push', `${await repo.read('.git/hooks/pre-push')}cat >seen\n`, 0o755)
    const input = lines.join('')
    expect((await repo.run('.git/hooks/pre-push', ['origin', 'url'], { input })).code).toBe(0)
    expect(await repo.read('seen')).toBe(input)
    expect((await repo.calls()).endsWith(`\n${input}`)).toBe(true)
  })
})

describe('a hook is silent without starting the program', () => {
  const silent = async (environment: Record<string, string>): Promise<void> => {
    const result = await repo.run('git', ['commit', '-q', '--allow-empty', '-m', 'x'], { environment })
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' })
  }

  test('under TANDEM_SKIP=1 and in CI, but not for CI=false or an empty CI', async () => {
    for (const environment of [{ TANDEM_SKIP: '1' }, { CI: 'true' }, { CI: '1' }]) await silent(environment)
    expect(await repo.calls()).toBe('')
    for (const environment of [{ CI: 'false' }, { CI: '' }, { TANDEM_SKIP: '0' }]) await silent(environment)
    expect(await repo.calls()).toBe('first word hook post-commit\n'.repeat(3))
  })

  test('on a detached HEAD, so during a rebase until it is over', async () => {
    await repo.git('checkout', '-q', '-b', 'side')
    await repo.commit('side.txt', 'side\n')
    await repo.git('checkout', '-q', 'main')
    await repo.commit('code.txt', 'two\n')
    await repo.calls()
    await repo.git('rebase', '-q', 'main', 'side')
    expect((await repo.calls()).split('\n')[0]).toBe('first word hook post-rewrite rebase')
    await repo.git('checkout', '-q', '--detach')
    await repo.commit('code.txt', 'three\n')
    expect(await repo.calls()).toBe('')
  })

  test('when HEAD is what was reconciled last, until it moves, the branch changes, or something waits', async () => {
    await quietCommit()
    await writeReconciled(repo.repository.commonDir, await head())
    await repo.git('checkout', '-q', 'main')
    expect(await repo.calls()).toBe('')
    await repo.git('checkout', '-q', '-b', 'side')
    expect(await repo.calls()).toContain('post-checkout')
    await repo.git('checkout', '-q', 'main')
    expect(await repo.calls()).toBe('')
    await repo.write('.git/tandem/wake', '')
    await repo.git('checkout', '-q', 'main')
    expect(await repo.calls()).toContain('post-checkout')
    await rm(path.join(repo.root, '.git/tandem/wake'))
    await clearReconciled(repo.repository.commonDir)
    await repo.git('checkout', '-q', 'main')
    expect(await repo.calls()).toContain('post-checkout')
    await writeReconciled(repo.repository.commonDir, await head())
    await repo.commit('code.txt', 'two\n')
    expect(await repo.calls()).toBe('first word hook post-commit\n')
  })

  test('pre-push always asks: the database may have changed where HEAD has not', async () => {
    await repo.addRemote('origin')
    await writeReconciled(repo.repository.commonDir, await head())
    await repo.git('push', '-q', 'origin', 'main')
    expect(await repo.calls()).toContain('hook pre-push origin')
  })

  test('on a branch that carries no data, unless the configuration is newer than the list of branches', async () => {
    await repo.write('tandem.config.json', '{}')
    await utimes(path.join(repo.root, 'tandem.config.json'), 1000, 1000)
    await writeBranches(repo.repository.commonDir, ['main', 'release/*'])
    await repo.git('checkout', '-q', '-b', 'feature')
    expect(await repo.calls()).toBe('')
    await repo.git('checkout', '-q', '-b', 'release/1')
    expect(await repo.calls()).toContain('post-checkout')
    const later = Date.now() / 1000 + 100
    await utimes(path.join(repo.root, 'tandem.config.json'), later, later)
    await repo.git('checkout', '-q', 'feature')
    expect(await repo.calls()).toContain('post-checkout')
  })

  test('a glob that sh does not know lets every branch through', () => {
    expect(branchesText(['main', 'v?', '**/data', '{a,b}', '!(x)', 'r [1]'])).toBe('main\nv?\n*data\n*\n*\n*\n')
  })
})

describe('finding the program', () => {
  const told = async (environment: Record<string, string> = {}): Promise<string> => {
    const result = await repo.run('git', ['commit', '-q', '--allow-empty', '-m', 'x'], { environment })
    expect(result.code).toBe(0)
    return result.stderr
  }
  const program = (word: string): string => `#!/bin/sh\necho "${word} $*" >>'${repo.folder}/calls'\n`

  test('without one, a hook says so in one line and git goes on', async () => {
    await repo.git('config', '--unset', 'tandem.command')
    expect(await told()).toMatch(/^tandem: no command found; post-commit did nothing \(.*\)\n$/)
  })

  test.each([
    ['a program that is gone', `'/no/such/program' '/no/such/main.js'`],
    ['a script that is gone', `'${process.execPath}' '/no/such/main.js'`],
    ['a line that is no shell command', `'unfinished`],
    ['an empty line', ''],
  ])('%s on record counts as none', async (_, command) => {
    await repo.git('config', 'tandem.command', command)
    expect(await told()).toMatch(/^tandem: no command found; [^\n]*\n$/)
  })

  test('a script of node’s without node on the PATH is told in one line', async () => {
    const script = await repo.write('../bin/tandem', '#!/usr/bin/env node\n', 0o755)
    await repo.git('config', 'tandem.command', `'${script}'`)
    for (const name of ['git', 'sh', 'cat'])
      await repo.run('ln', ['-s', await which(name), `${repo.folder}/bin/${name}`])
    expect(await told({ PATH: `${repo.folder}/bin` })).toMatch(
      /^tandem: node is not on the PATH; post-commit did nothing \(.*\)\n$/,
    )
  })

  test('the recorded one goes before node_modules, that before the PATH', async () => {
    await repo.write('node_modules/.bin/tandem', program('modules'), 0o755)
    await repo.write('../bin/tandem', program('path'), 0o755)
    const environment = { PATH: `${repo.folder}/bin:${process.env['PATH'] ?? ''}` }
    await told(environment)
    expect(await repo.calls()).toBe('first word hook post-commit\n')
    await repo.git('config', '--unset', 'tandem.command')
    await told(environment)
    expect(await repo.calls()).toBe('modules hook post-commit\n')
    await rm(path.join(repo.root, 'node_modules'), { recursive: true })
    await told(environment)
    expect(await repo.calls()).toBe('path hook post-commit\n')
  })

  test('a program in node_modules that came with a commit is never run', async () => {
    await repo.git('config', '--unset', 'tandem.command')
    await repo.write('node_modules/.bin/tandem', program('hostile'), 0o755)
    await repo.git('add', '-f', 'node_modules')
    expect(await told()).toContain('no command found')
    await repo.git('rm', '-q', '-r', '--cached', 'node_modules')
    await repo.write('vendor/.bin/tandem', program('hostile'), 0o755)
    await rm(path.join(repo.root, 'node_modules'), { recursive: true })
    await repo.run('ln', ['-s', 'vendor', 'node_modules'])
    await repo.git('add', '-f', 'node_modules', 'vendor')
    expect(await told()).toContain('no command found')
    expect(await repo.calls()).toBe('')
  })

  async function which(name: string): Promise<string> {
    return (await repo.run('sh', ['-c', `command -v ${name}`])).stdout.trim()
  }
})
