/** Hooks that leave this clone: committed ones that others check out with other line ends, lines for a folder that other repositories share, and entries for lefthook. */
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installHooks, planHooks, uninstallHooks } from '../../../src/git/install/hooks.ts'
import { lefthookEntry } from '../../../src/git/install/lefthook.ts'
import { hookedRepository, PROJECT, type HookedRepository, type Result } from '../../support/hooked-repository.ts'

let repo: HookedRepository

beforeEach(async () => {
  repo = await hookedRepository()
  await repo.addRemote('origin')
})

afterEach(() => repo.close())

/** A clone of what is committed, made with `core.autocrlf=true`, in which tandem is set up. */
async function windowsClone(): Promise<{ clone: string; run: (...args: readonly string[]) => Promise<Result> }> {
  await repo.git('add', '-A', '.')
  await repo.git('commit', '-q', '--no-verify', '-m', 'hooks')
  await repo.git('push', '-q', '--no-verify', 'origin', 'main')
  const clone = path.join(repo.folder, 'windows')
  await repo.git('clone', '-q', '-c', 'core.autocrlf=true', path.join(repo.folder, 'origin.git'), clone)
  await cp(path.join(repo.root, '.git/tandem'), path.join(clone, '.git/tandem'), { recursive: true })
  const run = (...args: readonly string[]): Promise<Result> => repo.run('git', args, { cwd: clone })
  await run('config', 'tandem.command', await repo.git('config', 'tandem.command'))
  await repo.calls()
  return { clone, run }
}

describe('line ends of Windows', () => {
  test('a committed .husky works: the hooks start tandem with git’s lines, and git succeeds', async () => {
    await repo.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n')
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')])
    await installHooks(repo.repository)
    const { clone, run } = await windowsClone()
    expect(await readFile(path.join(clone, '.husky/pre-push'), 'utf8')).toContain('\r\n')
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')], { cwd: clone })
    expect(await run('commit', '-q', '--allow-empty', '-m', 'theirs')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await repo.calls()).toBe('first word hook post-commit\n')
    expect((await run('push', '-q', 'origin', 'main')).code).toBe(0)
    expect(await repo.calls()).toMatch(
      /^first word hook pre-push origin .*\nrefs\/heads\/main \w+ refs\/heads\/main \w+\n$/,
    )
  })

  test('a husky hook that was checked out so is not outdated', async () => {
    await repo.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n')
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')])
    await repo.write('.husky/pre-push', 'echo mine\n')
    await installHooks(repo.repository)
    for (const hook of ['pre-push', 'post-merge'])
      await repo.write(`.husky/${hook}`, (await repo.read(`.husky/${hook}`)).replaceAll('\n', '\r\n'))
    const { hooks } = await planHooks(repo.repository)
    expect(new Set(hooks.map(({ action }) => action))).toEqual(new Set(['unchanged']))
  })

  test.each([
    ['core.autocrlf', undefined],
    ['.gitattributes', '* text=auto eol=crlf\n'],
  ])('a committed core.hooksPath works (%s): git can start the hooks, and does', async (_, attributes) => {
    if (attributes !== undefined) await repo.write('.gitattributes', attributes)
    await repo.git('config', 'core.hooksPath', '.githooks')
    await repo.write('.githooks/pre-push', '#!/bin/sh\nset -eu\ncat >seen\n', 0o755)
    await installHooks(repo.repository)
    const { clone, run } = await windowsClone()
    expect(await readFile(path.join(clone, 'code.txt'), 'utf8')).toBe('one\r\n')
    await run('config', 'core.hooksPath', '.githooks')
    expect(await run('commit', '-q', '--allow-empty', '-m', 'theirs')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await run('push', '-q', 'origin', 'main')).code).toBe(0)
    expect(await repo.calls()).toMatch(/^first word hook post-commit\nfirst word hook pre-push origin /)
    expect(await readFile(path.join(clone, 'seen'), 'utf8')).toContain('refs/heads/main')
    expect((await run('status', '--porcelain')).stdout).toBe('?? seen\n')
  })

  test('the rule stands beside rules of the user’s, and goes at the uninstall; .git/hooks gets none unless it is a link', async () => {
    await installHooks(repo.repository)
    expect((await repo.run('ls', ['-a', '.git/hooks'])).stdout).not.toContain('.gitattributes')
    await uninstallHooks(repo.repository)
    await repo.write('.githooks/.gitattributes', '*.py text')
    await repo.run('rm', ['-r', '.git/hooks'])
    await symlink('../.githooks', path.join(repo.root, '.git/hooks'))
    await installHooks(repo.repository)
    expect(await repo.read('.githooks/.gitattributes')).toMatch(/^\*\.py text\n#.*\n\/pre-push eol=lf\n/)
    await uninstallHooks(repo.repository)
    expect(await repo.read('.githooks/.gitattributes')).toBe('*.py text')
  })
})

describe('a folder of hooks that several repositories share', () => {
  test('gets lines that start tandem here, and do nothing in a repository where it is not set up', async () => {
    const shared = path.join(repo.folder, 'shared')
    await mkdir(shared)
    await repo.git('config', '--global', 'core.hooksPath', shared)
    const [prePush] = await installHooks(repo.repository)
    expect(prePush?.action).toBe('by-hand')
    const line = prePush?.note?.split('pre-push: ')[1] ?? ''
    await repo.write('../shared/pre-push', `#!/bin/sh\nset -eu\n${line}\n`, 0o755)
    await repo.git('push', '-q', 'origin', 'main')
    expect(await repo.calls()).toContain('hook pre-push origin')
    const other = path.join(repo.folder, 'other')
    await repo.git('clone', '-q', path.join(repo.folder, 'origin.git'), other)
    await repo.run('git', ['commit', '-q', '--allow-empty', '-m', 'theirs'], { cwd: other })
    const push = await repo.run('git', ['push', '-q', 'origin', 'main'], { cwd: other })
    expect(push).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('is not told to get a line that it has', async () => {
    const shared = path.join(repo.folder, 'shared')
    await repo.git('config', '--global', 'core.hooksPath', shared)
    await repo.write(
      '../shared/pre-push',
      '#!/bin/sh\nsh "$(git rev-parse --git-common-dir)/tandem/hook.sh" pre-push\n',
    )
    const { hooks } = await planHooks(repo.repository)
    expect(hooks.map(({ action }) => action)).toEqual(['unchanged', 'by-hand', 'by-hand', 'by-hand', 'by-hand'])
  })
})

describe('an entry of lefthook', () => {
  const entry = (hook: 'pre-push' | 'pre-commit' | 'post-merge'): string =>
    lefthookEntry(repo.root, path.join(repo.root, 'lefthook-local.yml'), hook)

  test('names a file that is always there, in the hooks that lefthook skips when no file was changed', () => {
    for (const hook of ['pre-push', 'pre-commit'] as const) {
      expect(entry(hook)).toContain('files: git ls-files --cached --others -- lefthook-local.yml\n')
      expect(entry(hook)).toContain('        : {files}\n')
    }
    expect(entry('post-merge')).not.toContain('files')
  })

  test('starts tandem with a URL that sh would misread, and with git’s lines', async () => {
    await repo.write('lefthook.yml', '')
    await repo.write('.gitignore', 'lefthook-local.yml\n')
    await installHooks(repo.repository)
    // as lefthook does: the command's lines, with the words put in
    const files = await repo.git('ls-files', '--cached', '--others', '--', 'lefthook-local.yml')
    const url = `/tmp/it's a "place" $HOME.git`
    const script = entry('pre-push')
      .split('run: |\n')[1]
      ?.replace(/ {6}use_stdin.*\n/, '')
      .replaceAll(/^ {8}/gm, '')
      .replace('{files}', files)
      .replace('{0}', `origin ${url}`)
    const input = 'refs/heads/main 1 refs/heads/main 2\n'
    expect(files).toBe('lefthook-local.yml')
    expect((await repo.run('sh', ['-c', script ?? ''], { input })).code).toBe(0)
    expect(await repo.calls()).toContain(`first word hook pre-push origin ${url} pid=`)
  })

  test('that a person has added already is not told to be added', async () => {
    await repo.write('lefthook.yml', '')
    const file = path.join(repo.root, 'lefthook-local.yml')
    await repo.write(
      'lefthook-local.yml',
      `pre-push:\n  commands:\n    mine:\n      run: echo mine\n${entry('pre-push').replace('pre-push:\n  commands:\n', '')}`,
    )
    const { hooks } = await planHooks(repo.repository)
    expect(hooks[0]).toMatchObject({ path: file, action: 'added' })
  })
})
