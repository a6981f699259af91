/** Hook managers that are adopted after `init`: git starts tandem no longer, nothing fails, and the next command or hook that still runs says so, with the next command. */
import { chmod, rm } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { PROJECT } from '../../support/hooked-repository.ts'
import { readyAssets, type TwoAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite)
  ;({ a } = assets)
})
afterEach(() => assets.close())

const SILENT = /git does not start tandem in ([\w, -]+) \((.*)\): run (.*)\n/

/** The hooks, reason and next command that a command names; undefined when it says nothing. */
async function told(...command: readonly string[]): Promise<readonly string[] | undefined> {
  return SILENT.exec((await a.tandem(...command)).stderr)?.slice(1)
}

const ALL = 'pre-push, post-merge, post-commit, post-rewrite, post-checkout'

async function script(name: string, text: string): Promise<void> {
  await a.write(name, text)
  await chmod(path.join(a.root, name), 0o755)
}

describe('adopted later,', () => {
  test('husky is told of by every command, on standard error, until init has run again', async () => {
    expect(await told('status')).toBeUndefined()
    await a.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n')
    await a.start('node', [path.join(PROJECT, 'node_modules/husky/bin.js')])
    for (const command of [['status'], ['export'], ['apply'], ['sync'], ['verify', '--json'], ['diff']])
      expect(await told(...command)).toEqual([ALL, 'core.hooksPath is .husky/_', 'tandem init'])
    const init = await a.tandem('init', '--yes')
    expect(init.text).not.toMatch(SILENT)
    expect(await told('status')).toBeUndefined()
  })

  test('another core.hooksPath is told of, and doctor fails for it', async () => {
    await a.git('config', 'core.hooksPath', '.githooks')
    expect(await told('status')).toEqual([ALL, 'core.hooksPath is .githooks', 'tandem init'])
    expect((await a.tandem('doctor')).text).toMatch(/fail\s+hooks: missing or outdated: pre-push/)
  })

  test('a manager that puts hooks aside is told of by the hooks that still run', async () => {
    await a.start('mv', ['.git/hooks/pre-push', '.git/hooks/pre-push.old'])
    await script('.git/hooks/pre-push', '#!/bin/sh\ncall_lefthook run "pre-push" "$@"\n:\n')
    const commit = await a.git('commit', '-q', '--allow-empty', '-m', 'x')
    expect(commit.stderr).toBe(
      'tandem: git does not start tandem in pre-push (a hook manager put it aside as pre-push.old): run tandem init\n',
    )
  })

  test('lefthook that has the entries but was not started is told of, and doctor says what to run', async () => {
    await a.write('lefthook.yml', 'pre-commit:\n  commands:\n    lint:\n      run: echo\n')
    await a.start('mv', ['.git/hooks/post-merge', '.git/hooks/post-merge.old'])
    await a.tandem('init', '--yes')
    expect(await told('status')).toEqual([
      'post-merge',
      'a hook manager put it aside as post-merge.old',
      'lefthook install',
    ])
    expect((await a.tandem('doctor')).text).toMatch(
      /fail\s+hooks: git does not start them: post-merge .*\n.*lefthook install/,
    )
    await script('.git/hooks/post-merge', '#!/bin/sh\ncall_lefthook run "post-merge" "$@"\n')
    expect(await told('status')).toBeUndefined()
    await a.tandem('uninstall')
    expect((await a.start('ls', ['.git/hooks'])).stdout).not.toContain('.old')
  })

  test('a folder outside the repository is told of until init has printed its lines', async () => {
    const shared = path.join(assets.folder, 'shared')
    await a.git('config', 'core.hooksPath', shared)
    expect(await told('status')).toEqual([ALL, `core.hooksPath is ${shared}`, 'tandem init'])
    expect((await a.tandem('init', '--yes')).text).toContain(`add to ${path.join(shared, 'pre-push')}: tandem=`)
    expect(await told('status')).toBeUndefined()
    await a.git('config', '--unset', 'core.hooksPath')
    await a.tandem('init', '--yes')
    await a.git('config', 'core.hooksPath', shared)
    expect(await told('status')).toEqual([ALL, `core.hooksPath is ${shared}`, 'tandem init'])
  })
})

describe('nothing is said', () => {
  test('where a manager starts tandem by a line that somebody wrote', async () => {
    const hooks = ALL.split(', ')
    const lines = hooks.map((hook) => `${hook}:\n  Tandem:\n    command: [sh, .git/tandem/hook.sh, ${hook}]\n`)
    await a.write('.overcommit.yml', lines.slice(1).join(''))
    for (const hook of hooks) await script(`.git/hooks/${hook}`, '#!/usr/bin/env ruby\nexit\n')
    expect(await told('status')).toEqual(['pre-push', 'the hooks were changed or removed', 'tandem init'])
    await a.write('.overcommit.yml', lines.join(''))
    expect(await told('status')).toBeUndefined()
    expect((await a.tandem('doctor')).text).toContain('ok    hooks: pre-push')
    await a.tandem('init', '--yes')
    expect(await a.read('.git/hooks/pre-push')).toBe('#!/usr/bin/env ruby\nexit\n')
  })

  test('in CI, under TANDEM_SKIP, and by the merge driver', async () => {
    await rm(path.join(a.root, '.git/hooks/pre-push'))
    expect(await told('status')).toEqual(['pre-push', 'the hooks were changed or removed', 'tandem init'])
    const program = path.join(PROJECT, 'dist/cli/main.js')
    for (const environment of [{ CI: 'true' }, { TANDEM_SKIP: '1' }])
      expect((await a.start(process.execPath, [program, 'status'], environment)).stderr).toBe('')
    await a.write('file', '{}\n')
    expect((await a.tandem('merge-driver', 'file', 'file', 'file', '7', 'exports/x/y.jsonl')).stderr).not.toMatch(
      SILENT,
    )
  })

  test('after the uninstall', async () => {
    await a.tandem('uninstall')
    expect(await told('status')).toBeUndefined()
  })
})
