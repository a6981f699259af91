/** The hook that lives for one push: a second commit travels in the same `git push`, with real remotes and real processes. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installHooks } from '../../../src/git/install/hooks.ts'
import { shellCommand } from '../../../src/git/install/shell-words.ts'
import {
  quietPushEnvironment,
  removeTransactionHook,
  transactionHookScript,
  writeTransactionHook,
  type TransactionHook,
} from '../../../src/git/install/transaction-hook.ts'
import { hookedRepository, PROJECT, type HookedRepository } from '../../support/hooked-repository.ts'

const HOOK = '.git/hooks/reference-transaction'
const TSX = pathToFileURL(path.join(PROJECT, 'node_modules/tsx/dist/esm/index.mjs')).href
const CARRYING = shellCommand([process.execPath, '--import', TSX, path.join(PROJECT, 'test/support/carrying-hook.ts')])

let repo: HookedRepository
let remote: string

beforeEach(async () => {
  repo = await hookedRepository()
  remote = await repo.addRemote('origin')
  await installHooks(repo.repository, ['pre-push'])
  await repo.git('config', 'tandem.command', CARRYING)
})

afterEach(() => repo.close())

const remoteHead = (bare = remote): Promise<string> => repo.git('-C', bare, 'rev-parse', 'main')

/** Nothing is left of a push that is over. */
async function expectNothingLeft(): Promise<void> {
  expect(await readdir(path.join(repo.root, '.git/hooks'))).not.toContain('reference-transaction')
  expect(await readdir(path.join(repo.root, ".git/tandem/push it's"))).toEqual([])
}

describe('one git push', () => {
  test('carries the data commit on top of what the user pushed, says so, and leaves nothing behind', async () => {
    const sent = await repo.git('rev-parse', 'HEAD')
    const push = await repo.run('git', ['push', 'origin', 'main'])
    expect(push.code).toBe(0)
    expect(push.stderr).toContain(`data commit on top of your ${sent} \`sent\` $HOME\n`)
    const data = await repo.git('rev-parse', 'main')
    expect(await repo.git('rev-parse', `${data}^`)).toBe(sent)
    expect(await remoteHead()).toBe(data)
    expect(await repo.git('rev-parse', 'origin/main')).toBe(data)
    await expectNothingLeft()
  })

  test.each([
    ['from a subdirectory', ['push', 'origin', 'main'], 'sub'],
    ['with an atomic push', ['push', '--atomic', 'origin', 'main'], '.'],
    ['with a lease', ['push', '--force-with-lease', 'origin', 'main'], '.'],
    ['with a new upstream', ['push', '-u', 'origin', 'HEAD'], '.'],
    ['with tags and quietly', ['push', '-q', '--follow-tags', 'origin', 'main'], '.'],
  ])('carries it %s', async (_, args, folder) => {
    await repo.write('sub/file', '')
    await repo.git('tag', '-a', '-m', 'one', 'v1')
    expect((await repo.run('git', args, { cwd: path.join(repo.root, folder) })).code).toBe(0)
    expect(await remoteHead()).toBe(await repo.git('rev-parse', 'main'))
    await expectNothingLeft()
  })

  test('carries it when the code is up to date already', async () => {
    await repo.git('push', '-q', '--no-verify', 'origin', 'main')
    const before = await remoteHead()
    expect((await repo.run('git', ['push', 'origin', 'main'])).code).toBe(0)
    expect(await repo.git('rev-parse', `${await remoteHead()}^`)).toBe(before)
    await expectNothingLeft()
  })

  test('carries it to both push URLs of one remote', async () => {
    const second = await repo.addRemote('second')
    await repo.git('remote', 'set-url', '--add', '--push', 'origin', remote)
    await repo.git('remote', 'set-url', '--add', '--push', 'origin', second)
    expect((await repo.run('git', ['push', 'origin', 'main'])).code).toBe(0)
    expect(await remoteHead()).toBe(await repo.git('rev-parse', 'main'))
    expect(await remoteHead(second)).toBe(await remoteHead())
  })

  test('carries it through husky, whose shells stand between git and the hook', async () => {
    await repo.write('package.json', '{ "devDependencies": { "husky": "9.1.7" } }\n')
    await repo.run('node', [path.join(PROJECT, 'node_modules/husky/bin.js')])
    await installHooks(repo.repository, ['pre-push'])
    expect((await repo.run('git', ['push', 'origin', 'main'])).code).toBe(0)
    expect(await remoteHead()).toBe(await repo.git('rev-parse', 'main'))
    expect(await readdir(path.join(repo.root, '.husky/_'))).not.toContain('reference-transaction')
  })

  test('carries it from a linked work tree, on a branch with an odd name', async () => {
    const linked = path.join(repo.folder, "it's linked")
    await repo.git('worktree', 'add', '-q', '-b', "odd/it's$HOME", linked)
    expect((await repo.run('git', ['push', 'origin', 'HEAD'], { cwd: linked })).code).toBe(0)
    const branch = "refs/heads/odd/it's$HOME"
    expect(await repo.git('-C', remote, 'rev-parse', branch)).toBe(await repo.git('rev-parse', branch))
    expect(await repo.git('-C', remote, 'rev-parse', `${branch}^`)).toBe(await repo.git('rev-parse', 'main'))
    await expectNothingLeft()
  })

  test('succeeds when the inner push is refused, and tells', async () => {
    const sent = await repo.git('rev-parse', 'HEAD')
    await repo.write('../origin.git/hooks/update', '#!/bin/sh\ncase $1 in *refused*) exit 1 ;; esac\n', 0o755)
    const push = await repo.run('git', ['push', 'origin', 'main'], { environment: { CARRY_REF: 'refs/heads/refused' } })
    expect(push.code).toBe(0)
    expect(push.stderr).toContain('data commit not sent\n')
    expect(await remoteHead()).toBe(sent)
    await expectNothingLeft()
  })
})

describe('what may go wrong', () => {
  test('a rejected push sends nothing, and the next movement of any ref clears up after it', async () => {
    await repo.write('../origin.git/hooks/pre-receive', '#!/bin/sh\nexit 1\n', 0o755)
    expect((await repo.run('git', ['push', 'origin', 'main'])).code).toBe(1)
    expect(await readdir(path.join(repo.root, '.git/hooks'))).toContain('reference-transaction')
    expect((await repo.run('git', ['branch', 'any'])).stderr).toBe('')
    await expectNothingLeft()
    expect(await repo.git('ls-remote', 'origin')).toBe('')
  })

  test('a data commit whose push was another process than it seemed is not sent, and that is said', async () => {
    const sent = await repo.git('rev-parse', 'HEAD')
    // a process that has ended, as a shell between git and the hook has
    const dead = (await repo.run('sh', ['-c', 'echo $$'])).stdout.trim()
    const push = await repo.run('git', ['push', 'origin', 'main'], { environment: { CARRY_PID: dead } })
    expect(push.code).toBe(0)
    expect(push.stderr).toContain('data commit unsent\n')
    expect(await remoteHead()).toBe(sent)
    await expectNothingLeft()
  })

  test('another git that moves the same ref beside the push carries nothing and clears nothing', async () => {
    await repo.git('push', '-q', '--no-verify', 'origin', 'main')
    const sent = await repo.git('rev-parse', 'HEAD')
    // The push is said to be this very test process: it lives, and is not the git that follows.
    await repo.run('git', ['push', 'origin', 'main'], { environment: { CARRY_PID: String(process.pid) } })
    await repo.git('update-ref', '-d', 'refs/remotes/origin/main')
    await repo.git('fetch', '-q', 'origin')
    expect(await repo.git('rev-parse', 'origin/main')).toBe(sent)
    expect(await remoteHead()).toBe(sent)
    expect(await readdir(path.join(repo.root, '.git/hooks'))).toContain('reference-transaction')
    expect(await removeTransactionHook(path.join(repo.root, '.git/hooks'))).toBe(true)
    expect(await removeTransactionHook(path.join(repo.root, '.git/hooks'))).toBe(false)
  })

  test('a reference-transaction hook of the user’s runs with the same lines before ours, and is put back', async () => {
    const own = '#!/bin/sh\necho "$1" >>log\ncat >>log\n'
    await repo.write(HOOK, own, 0o755)
    await repo.git('push', '-q', 'origin', 'main')
    expect(await remoteHead()).toBe(await repo.git('rev-parse', 'main'))
    expect(await repo.read(HOOK)).toBe(own)
    const sent = await repo.git('rev-parse', 'main^')
    expect(await repo.read('log')).toContain(`committed\n${'0'.repeat(40)} ${sent} refs/remotes/origin/main\n`)
    expect(await readdir(path.join(repo.root, '.git/hooks'))).not.toContain('reference-transaction.tandem-original')
  })

  test('a refusal of the user’s own hook before a transaction is still a refusal', async () => {
    await repo.write(HOOK, '#!/bin/sh\n! grep -q refs/heads/forbidden\n', 0o755)
    const folder = path.join(repo.root, '.git/hooks')
    await writeTransactionHook(folder, example({ pid: process.pid, marker: path.join(repo.folder, 'marker') }))
    await repo.write('../marker', '')
    expect((await repo.run('git', ['branch', 'forbidden'])).code).not.toBe(0)
    expect((await repo.run('git', ['branch', 'allowed'])).code).toBe(0)
    await removeTransactionHook(folder)
    expect(await repo.read(HOOK)).toContain('forbidden')
  })

  test('no value can break out of its quotes', async () => {
    const odd = `a'b"c $(touch broken) \`touch broken\` @PUSH@ $& \\`
    const script = await transactionHookScript(
      example({
        marker: odd,
        tracking: odd,
        push: { command: ['echo', odd], environment: {}, finish: ['echo', odd] },
        lines: { sent: odd, notSent: odd, unsent: odd },
      }),
    )
    await repo.write('hook.sh', `${script.replace('main "$@"', '')}printf '%s\\n' "$marker" "$pushed"\npush_data`)
    const result = await repo.run('sh', ['hook.sh'])
    expect(result.stdout).toBe(`${odd}\nid ${odd}\n`)
    expect(result.stderr).toBe(`${odd}\n${odd}\n${odd}\n`)
    expect(await readdir(repo.root)).not.toContain('broken')
  })
})

test('an inner push asks nobody, and only plain ssh gets an option of ssh', () => {
  expect(quietPushEnvironment({}, undefined)['GIT_SSH_COMMAND']).toBe('ssh -oBatchMode=yes')
  expect(quietPushEnvironment({}, 'ssh -i key')['GIT_SSH_COMMAND']).toBe('ssh -i key -oBatchMode=yes')
  expect(quietPushEnvironment({ GIT_SSH_COMMAND: './own-ssh' }, 'ssh')).not.toHaveProperty('GIT_SSH_COMMAND')
  expect(quietPushEnvironment({ GIT_SSH: 'plink' }, undefined)).not.toHaveProperty('GIT_SSH_COMMAND')
  expect(quietPushEnvironment({}, undefined)).toMatchObject({ GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true' })
  expect(quietPushEnvironment({ GIT_ASKPASS: '/editor/askpass.sh' }, undefined)).toMatchObject({
    GIT_ASKPASS: '/editor/askpass.sh',
  })
})

function example(changes: Partial<TransactionHook>): TransactionHook {
  return {
    marker: 'marker',
    pid: 1,
    tracking: 'refs/remotes/origin/main',
    sent: 'id',
    push: { command: ['true'], environment: {}, finish: ['true'] },
    lines: { sent: 'sent', notSent: 'not sent', unsent: 'unsent' },
    ...changes,
  }
}
