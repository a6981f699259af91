/** Installing hooks with real hook managers in real repositories, and taking them back byte for byte; one file, as every manager is held to the same round trip. What the hooks then do: stub.test.ts. */
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HOOK_NAMES } from '../../../src/git/install/hook-file.ts'
import { installHooks, planHooks, uninstallHooks, USUAL_HOOKS } from '../../../src/git/install/hooks.ts'
import { hookedRepository, PROJECT, type HookedRepository } from '../../support/hooked-repository.ts'

let repo: HookedRepository

beforeEach(async () => {
  repo = await hookedRepository()
})

afterEach(() => repo.close())

/** Name → bytes, mode and link target of every file below a folder of the repository. */
async function picture(folder: string): Promise<Record<string, string>> {
  const top = path.join(repo.root, folder)
  const found: Record<string, string> = {}
  for (const name of await readdir(top, { recursive: true }).catch(() => [])) {
    const file = path.join(top, name)
    const info = await lstat(file)
    if (info.isDirectory()) continue
    found[name] = info.isSymbolicLink()
      ? `-> ${await readlink(file)}`
      : `${info.mode.toString(8)} ${await readFile(file, 'latin1')}`
  }
  return found
}

/** Installs, installs again, uninstalls: the second changes nothing, the last leaves what was there. */
async function expectRoundTrip(folder: string): Promise<void> {
  const before = await picture(folder)
  await installHooks(repo.repository)
  const installed = await picture(folder)
  expect(installed).not.toEqual(before)
  const again = await installHooks(repo.repository)
  expect(new Set(again.map(({ action }) => action))).toEqual(new Set(['unchanged']))
  expect(await picture(folder)).toEqual(installed)
  await uninstallHooks(repo.repository)
  expect(await picture(folder)).toEqual(before)
}

describe('git alone', () => {
  test('hooks are created as programs, and removed without a trace', async () => {
    const done = await installHooks(repo.repository)
    expect(done.map(({ hook, action }) => `${hook} ${action}`)).toEqual(USUAL_HOOKS.map((hook) => `${hook} created`))
    expect((await stat(path.join(repo.root, '.git/hooks/pre-push'))).mode & 0o777).toBe(0o755)
    expect(await repo.read('.git/tandem/hook.sh')).toBe(await readFile(path.join(PROJECT, 'hooks/hook.sh'), 'utf8'))
    await uninstallHooks(repo.repository)
    await expectRoundTrip('.git/hooks')
    expect(await picture('.git/tandem')).toEqual({})
  })

  test.each([
    ['an ordinary script', '#!/bin/sh\nset -eu\necho mine\n'],
    ['a script of bash without a line end', '#!/usr/bin/env bash\necho mine'],
    ['a script that ends after its first line', '#!/bin/sh'],
    ['a script without a first line of its own', 'echo mine\n'],
    ['an empty script', ''],
    ['line ends of Windows', '#!/bin/sh\r\necho mine\r\n'],
    ['bytes that are no UTF-8', '#!/bin/sh\n# caf\u00e9\necho mine\n'],
  ])('%s keeps every byte below our block, and gets them back alone', async (_, content) => {
    for (const hook of ['pre-push', 'post-merge']) {
      await writeFile(path.join(repo.root, '.git/hooks', hook), Buffer.from(content, 'latin1'), { mode: 0o744 })
    }
    await expectRoundTrip('.git/hooks')
    await installHooks(repo.repository)
    const text = await readFile(path.join(repo.root, '.git/hooks/pre-push'), 'latin1')
    const below = content.startsWith('#!') ? content.slice(content.indexOf('\n') + 1 || content.length) : content
    expect(text.endsWith(`# <<< git-tandem <<<\n${below}`)).toBe(true)
  })

  test('a hook in another language, a link and a hook that is switched off are put aside and come back', async () => {
    await repo.write('.git/hooks/pre-push', '#!/usr/bin/env node\nprocess.exit(0)\n', 0o755)
    await repo.write('scripts/merge.sh', '#!/bin/sh\nexit 0\n', 0o755)
    await symlink('../../scripts/merge.sh', path.join(repo.root, '.git/hooks/post-merge'))
    await repo.write('.git/hooks/post-commit', '#!/bin/sh\necho off >off\n', 0o644)
    await expectRoundTrip('.git/hooks')
    await installHooks(repo.repository)
    expect(await repo.read('scripts/merge.sh')).toBe('#!/bin/sh\nexit 0\n')
    expect(await readFile(path.join(repo.root, '.git/hooks/tandem-original/post-merge'), 'utf8')).toContain('exit 0')
  })

  test('a hook in another language still runs, gets git’s standard input, and still decides about the push', async () => {
    await repo.addRemote('origin')
    const script = '#!/usr/bin/env node\nconst text = require("fs").readFileSync(0, "utf8")\n'
    const exit = 'require("fs").writeFileSync("seen", text)\nprocess.exit(text.includes("forbidden") ? 1 : 0)\n'
    await repo.write('.git/hooks/pre-push', script + exit, 0o755)
    await installHooks(repo.repository)
    await repo.git('push', '-q', 'origin', 'main')
    const seen = await repo.read('seen')
    expect(seen).toContain('refs/heads/main')
    expect(await repo.calls()).toContain(seen)
    expect((await repo.run('git', ['push', 'origin', 'main:forbidden'])).code).toBe(1)
  })

  test.each([
    [
      'node',
      '#!/usr/bin/env node\nrequire("fs").writeFileSync("seen", require("./lib/words").word + " " + require("path").basename(process.argv[1]))\n',
      'lib/words.js',
      'exports.word = "neighbour"\n',
    ],
    [
      'python',
      '#!/usr/bin/env python3\nimport os, sys, words\nopen("seen", "w").write(words.word + " " + os.path.basename(sys.argv[0]))\n',
      'words.py',
      'word = "neighbour"\n',
    ],
  ])('a hook in %s loads its neighbours and knows its own name, and comes back', async (_, script, file, neighbour) => {
    await repo.write('.git/hooks/post-merge', script, 0o755)
    await repo.write(`.git/hooks/${file}`, neighbour)
    await installHooks(repo.repository)
    await repo.git('checkout', '-q', '-b', 'side')
    await repo.git('commit', '-q', '--allow-empty', '-m', 'side')
    await repo.git('checkout', '-q', 'main')
    await repo.git('merge', '-q', 'side')
    expect(await repo.read('seen')).toBe('neighbour post-merge')
    await uninstallHooks(repo.repository)
    expect(await repo.read('.git/hooks/post-merge')).toBe(script)
    expect(await readdir(path.join(repo.root, '.git/hooks'))).not.toContain('tandem-original')
  })

  test('a block of an older version is replaced where it stands', async () => {
    await repo.write('.git/hooks/pre-push', '#!/bin/sh\necho mine\n', 0o755)
    await installHooks(repo.repository)
    const current = await repo.read('.git/hooks/pre-push')
    await repo.write('.git/hooks/pre-push', current.replace('unset tandem_stub', 'true older'), 0o755)
    expect((await installHooks(repo.repository))[0]?.action).toBe('updated')
    expect(await repo.read('.git/hooks/pre-push')).toBe(current)
  })

  test('lines added to a hook that we created survive the uninstall', async () => {
    await installHooks(repo.repository)
    const current = await repo.read('.git/hooks/post-merge')
    await repo.write('.git/hooks/post-merge', `${current}npm install\n`, 0o755)
    await uninstallHooks(repo.repository)
    expect(await repo.read('.git/hooks/post-merge')).toBe('#!/bin/sh\nnpm install\n')
  })

  test('half a block is refused before anything is written', async () => {
    await repo.write('.git/hooks/post-merge', '#!/bin/sh\n# >>> git-tandem >>>\necho mine\n', 0o755)
    const before = await picture('.git')
    await expect(installHooks(repo.repository)).rejects.toThrow(/post-merge holds the first line/)
    await expect(uninstallHooks(repo.repository)).rejects.toThrow(/post-merge holds the first line/)
    expect(await picture('.git')).toEqual(before)
  })

  test('hooks no longer wanted are taken out, and a plan alone writes nothing', async () => {
    await installHooks(repo.repository, HOOK_NAMES)
    const plan = await planHooks(repo.repository)
    expect(plan.hooks.filter(({ action }) => action === 'removed').map(({ hook }) => hook)).toEqual([
      'pre-commit',
      'prepare-commit-msg',
    ])
    expect(Object.keys(await picture('.git/hooks'))).toContain('pre-commit')
    await installHooks(repo.repository)
    expect(Object.keys(await picture('.git/hooks'))).not.toContain('pre-commit')
  })

  test('from a linked work tree the hooks of the common folder are installed', async () => {
    const linked = path.join(repo.folder, 'linked')
    await repo.git('worktree', 'add', '-q', '-b', 'other', linked)
    await installHooks(repo.repository)
    await repo.run('git', ['commit', '-q', '--allow-empty', '-m', 'in the linked one'], { cwd: linked })
    expect(await repo.calls()).toBe('first word hook post-commit\n')
  })
})

describe('husky 9', () => {
  beforeEach(async () => {
    await repo.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n')
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')])
  })

  test('the user’s own hook reads the same lines as we do, and its refusal counts', async () => {
    await repo.addRemote('origin')
    await repo.write('.husky/pre-push', 'cat >seen-by-mine\necho "$#" >>seen-by-mine\n[ ! -e refuse ]\n')
    await installHooks(repo.repository)
    expect(await repo.git('config', 'core.hooksPath')).toBe('.husky/_')
    const first = await repo.run('git', ['push', 'origin', 'main'])
    expect(first.code).toBe(0)
    const id = await repo.git('rev-parse', 'HEAD')
    const line = `refs/heads/main ${id} refs/heads/main ${'0'.repeat(40)}\n`
    expect(await repo.read('seen-by-mine')).toBe(`${line}2\n`)
    expect(await repo.calls()).toBe(`first word hook pre-push origin ${repo.folder}/origin.git pid=git\n${line}`)
    await repo.write('refuse', '')
    await repo.commit('code.txt', 'two\n')
    expect((await repo.run('git', ['push', 'origin', 'main'])).code).not.toBe(0)
  })

  test('blocks go into the hooks of .husky, which come back byte for byte, also if husky was run again', async () => {
    await repo.write('.husky/pre-push', 'echo mine', 0o644)
    await repo.write('.husky/post-merge', '#!/usr/bin/env sh\necho mine\n', 0o755)
    await expectRoundTrip('.husky')
    const before = await picture('.husky')
    await installHooks(repo.repository)
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')])
    await repo.commit('code.txt', 'two\n')
    expect(await repo.calls()).toBe('first word hook post-commit\n')
    await uninstallHooks(repo.repository)
    expect(await picture('.husky')).toEqual(before)
  })

  test('a clone where husky waits to be run gets its blocks and the advice to run it', async () => {
    await repo.git('config', '--unset', 'core.hooksPath')
    const [pre] = await installHooks(repo.repository)
    expect(pre).toMatchObject({ action: 'created', path: path.join(repo.root, '.husky/pre-push') })
    expect(pre?.note).toContain('npx husky')
  })

  test('for a colleague without tandem the committed block does nothing and eats nothing', async () => {
    await repo.addRemote('origin')
    await repo.write('.husky/pre-push', 'cat >seen-by-mine\n')
    await installHooks(repo.repository)
    await repo.git('add', '.')
    await repo.git('commit', '-q', '--no-verify', '-m', 'hooks')
    await repo.git('push', '-q', 'origin', 'main')
    await repo.calls()
    const clone = path.join(repo.folder, 'colleague')
    await repo.git('clone', '-q', path.join(repo.folder, 'origin.git'), clone)
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')], { cwd: clone })
    await repo.run('git', ['commit', '-q', '--allow-empty', '-m', 'theirs'], { cwd: clone })
    const push = await repo.run('git', ['push', '-q', 'origin', 'main'], { cwd: clone })
    expect(push).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await readFile(path.join(clone, 'seen-by-mine'), 'utf8')).toContain('refs/heads/main')
    expect(await repo.calls()).toBe('')
  })
})

describe('core.hooksPath', () => {
  test('a folder of the repository gets the blocks, and the one of git stays empty', async () => {
    await repo.git('config', 'core.hooksPath', '.githooks')
    await repo.write('.githooks/post-commit', '#!/bin/bash\necho mine >mine\n', 0o755)
    await expectRoundTrip('.githooks')
    const before = await picture('.git/hooks')
    await installHooks(repo.repository)
    expect(await picture('.git/hooks')).toEqual(before)
    await repo.commit('code.txt', 'two\n')
    expect(await repo.read('mine')).toBe('mine\n')
    expect(await repo.calls()).toBe('first word hook post-commit\n')
  })

  test('a folder outside, shared with other repositories, is left alone and told what to add', async () => {
    const shared = path.join(repo.folder, 'shared hooks')
    await mkdir(shared)
    await repo.git('config', '--global', 'core.hooksPath', shared)
    const done = await installHooks(repo.repository)
    expect(new Set(done.map(({ action }) => action))).toEqual(new Set(['by-hand']))
    expect(done[0]?.note).toContain(path.join(shared, 'pre-push'))
    expect(await readdir(shared)).toEqual([])
  })

  test('blocks left where the hooks used to be are found at the uninstall', async () => {
    const before = await picture('.git/hooks')
    await installHooks(repo.repository)
    await repo.git('config', 'core.hooksPath', '.githooks')
    await installHooks(repo.repository)
    await uninstallHooks(repo.repository)
    expect(await picture('.git/hooks')).toEqual(before)
    expect(await picture('.githooks')).toEqual({})
  })
})

describe('lefthook', () => {
  test('the local configuration gets the entries, and is removed if it was ours', async () => {
    await repo.write('lefthook.yml', 'pre-push:\n  commands:\n    lint:\n      run: echo lint\n')
    const done = await installHooks(repo.repository)
    expect(done[0]).toMatchObject({ action: 'added', path: path.join(repo.root, 'lefthook-local.yml') })
    expect(await repo.read('lefthook-local.yml')).toContain('post-rewrite:\n  commands:\n    tandem:\n')
    expect(await readdir(path.join(repo.root, '.git/hooks'))).not.toContain('pre-push')
    await uninstallHooks(repo.repository)
    expect(await repo.git('status', '--porcelain')).toBe('?? lefthook.yml')
  })

  test('an entry it has already is left to the person, with the lines to add; the rest comes back byte for byte', async () => {
    await repo.write('.lefthook.yml', '')
    const local = 'colors: false\npre-push:\n  commands:\n    mine:\n      run: echo mine'
    const file = await repo.write('.lefthook-local.yml', local)
    await chmod(file, 0o600)
    const done = await installHooks(repo.repository)
    expect(done.map(({ action }) => action)).toEqual(['by-hand', 'added', 'added', 'added', 'added'])
    expect(done[0]?.note).toContain('use_stdin: true')
    const installed = await repo.read('.lefthook-local.yml')
    expect(installed.match(/^pre-push:/gm)).toHaveLength(1)
    await installHooks(repo.repository)
    expect(await repo.read('.lefthook-local.yml')).toBe(installed)
    await uninstallHooks(repo.repository)
    expect(await repo.read('.lefthook-local.yml')).toBe(local)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })
})
