/** The life cycle, pushing: one `git push` carries the database where it can, says so where it cannot, and never stops or changes what the user pushes. */
import { chmod } from 'node:fs/promises'
import { describe, expect, inject, test } from 'vitest'
import { disagreements } from '../../support/agreement.ts'
import type { Answer, Asset } from '../../support/asset.ts'
import { serveGit } from '../../support/git-http.ts'
import { key, profit, TWENTY } from '../../support/earnings.ts'
import { postgres } from '../../support/live-postgres.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { trader } from '../../support/traders.ts'
import { betweenTwo, type TwoAssets } from '../../support/two-assets.ts'

const between = (work: (assets: TwoAssets) => Promise<void>): Promise<void> => betweenTwo(sqlite, TWENTY, work)

/** Changes one trader and pushes with these words. */
async function changeAndPush(asset: Asset, ...words: readonly string[]): Promise<Answer> {
  await asset.database.change('traders', key(1), { profit_usd: 4711 })
  return asset.try('push', ...words)
}

/** What the remote has of one branch. */
async function remoteTip(asset: Asset, remote: string, branch = 'main'): Promise<string> {
  return (await asset.git('ls-remote', remote, `refs/heads/${branch}`)).stdout.split('\t')[0] ?? ''
}

describe.each([sqlite, postgres(inject('postgres'))])('$name', (engine) => {
  test('one push brings a change made after the last commit to the remote, and the next pull there', () =>
    betweenTwo(engine, TWENTY, async ({ a, b }) => {
      const code = await a.commit('code.txt', 'two\n')
      const push = await changeAndPush(a)
      expect(push.code).toBe(0)
      expect(push.text).toMatch(new RegExp(`data commit \\w{7} on top of your ${code.slice(0, 7)}: app \\+0 ~1 -0`))
      expect(await a.id('refs/remotes/origin/main')).toBe(await a.id('HEAD'))
      expect(await a.id('HEAD^')).toBe(code)
      const pull = await b.git('pull')
      expect(pull.text).toContain('app +0 ~1 -0 applied')
      expect(await profit(b, 1)).toBe(4711)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('a push after which nothing changed in the database makes no commit', () =>
    betweenTwo(engine, TWENTY, async ({ a }) => {
      const code = await a.commit('code.txt', 'two\n')
      expect((await a.git('push')).text).not.toContain('data commit')
      expect(await a.id('HEAD')).toBe(code)
    }))
})

test('a rejected push leaves no data commit; live keeps its edits, the next pull merges them and the next push carries them', () =>
  between(async ({ a, b, remote }) => {
    await b.commit('theirs.txt', 'theirs\n')
    await b.git('push')
    const before = await remoteTip(a, remote)
    const code = await a.id('HEAD')
    expect((await changeAndPush(a)).code).not.toBe(0)
    expect(await remoteTip(a, remote)).toBe(before)
    expect(await a.id('HEAD')).toBe(code)
    expect((await a.git('status', '--short')).stdout).toBe('')
    await a.git('pull', '--no-edit')
    expect((await a.git('push')).code).toBe(0)
    await b.git('pull')
    expect(await profit(b, 1)).toBe(4711)
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('what a killed push left in the work tree is in nobody’s way once a push was tried again', () =>
  between(async ({ a, b }) => {
    await changeAndPush(a)
    await b.database.change('traders', key(2), { profit_usd: 42 })
    await b.commit('mine.txt', 'mine\n')
    // as a kill between the work tree and the index leaves it
    await b.tandem('export')
    await b.git('restore', '--staged', 'exports')
    await b.git('fetch')
    expect((await b.try('pull', '--no-edit')).text).toContain('would be overwritten by merge')
    expect((await b.try('push')).text).toContain('data commit')
    await b.git('pull', '--no-edit')
    await b.git('push')
    await a.git('pull')
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('an export after a rejected push stands on the user’s commit; once a push has tried to send it, it is not replaced', () =>
  between(async ({ a, b }) => {
    await b.commit('theirs.txt', 'theirs\n')
    await b.git('push')
    const code = await a.id('HEAD')
    await changeAndPush(a)
    await a.database.insert('traders', [trader('id', 77)])
    await a.tandem('export', '--commit')
    expect(await a.id('HEAD^')).toBe(code)
    expect((await a.git('log', '-1', '--format=%s')).stdout.trim()).toBe('data: app +1 ~1 -0')
    const sent = await a.id('HEAD')
    await a.database.insert('traders', [trader('id', 78)])
    expect((await a.try('push')).code).not.toBe(0)
    expect(await a.id('HEAD')).toBe(sent)
    await a.tandem('export', '--commit')
    expect(await a.id('HEAD^')).toBe(sent)
  }))

test('a data commit that nobody can have is replaced by the next export, not stacked; once a push has tried to send it, it stays', () =>
  between(async ({ a, b }) => {
    await b.commit('theirs.txt', 'theirs\n')
    await b.git('push')
    const code = await a.id('HEAD')
    const add = (i: number): Promise<void> => a.database.insert('traders', [trader('id', i)])
    await add(77)
    await a.tandem('export', '--commit')
    await add(78)
    await a.tandem('export', '--commit')
    expect(await a.id('HEAD^')).toBe(code)
    expect((await a.git('log', '-1', '--format=%s')).stdout.trim()).toBe('data: app +2 ~0 -0')
    const sent = await a.id('HEAD')
    expect((await a.try('push')).code).not.toBe(0)
    await add(79)
    await a.tandem('export', '--commit')
    expect(await a.id('HEAD^')).toBe(sent)
    await a.git('pull', '--no-edit')
    await a.git('push')
    await b.git('pull')
    expect(await disagreements({ a, b })).toEqual([])
  }))

test.each(['--force', '--force-with-lease'])(
  'push %s: the user’s commit is forced, the data commit follows without force',
  (force) =>
    between(async ({ a, b, remote }) => {
      await a.commit('code.txt', 'two\n')
      await a.git('push')
      await a.git('reset', '-q', '--hard', 'HEAD^')
      const code = await a.commit('code.txt', 'three\n')
      expect((await changeAndPush(a, force)).code).toBe(0)
      expect(await a.id('HEAD^')).toBe(code)
      expect(await remoteTip(a, remote)).toBe(await a.id('HEAD'))
      await b.git('pull')
      expect(await disagreements({ a, b })).toEqual([])
    }),
)

describe('a push that cannot carry data makes no data commit:', () => {
  test('of a tag', () =>
    between(async ({ a, remote }) => {
      await a.git('tag', 'v1')
      const before = await a.id('HEAD')
      expect((await changeAndPush(a, 'origin', 'v1')).code).toBe(0)
      expect(await a.id('HEAD')).toBe(before)
      expect(await remoteTip(a, remote)).toBe(before)
    }))

  test('of a deletion', () =>
    between(async ({ a, remote }) => {
      await a.git('push', '-q', 'origin', 'HEAD:refs/heads/old')
      const before = await a.id('HEAD')
      expect((await changeAndPush(a, 'origin', '--delete', 'old')).code).toBe(0)
      expect(await a.id('HEAD')).toBe(before)
      expect(await remoteTip(a, remote, 'old')).toBe('')
    }))

  test('of another branch, and it says so', () =>
    between(async ({ a, remote }) => {
      await a.git('branch', 'side')
      const before = await a.id('HEAD')
      const push = await changeAndPush(a, 'origin', 'side')
      expect(push.code).toBe(0)
      expect(push.text).toContain('data not carried')
      expect(await a.id('HEAD')).toBe(before)
      expect(await remoteTip(a, remote, 'side')).toBe(before)
    }))

  test('of the branch that is checked out when it carries no data, and it says so', () =>
    between(async ({ a, remote }) => {
      await a.git('checkout', '-q', '-b', 'feature')
      const code = await a.commit('code.txt', 'two\n')
      const push = await changeAndPush(a, '-u', 'origin', 'feature')
      expect(push.text).toContain('data not carried: branch feature')
      expect(await remoteTip(a, remote, 'feature')).toBe(code)
    }))

  test('of HEAD~1, which is sent as it is', () =>
    between(async ({ a, remote }) => {
      await a.commit('code.txt', 'two\n')
      const code = await a.commit('code.txt', 'three\n')
      const push = await changeAndPush(a, 'origin', 'HEAD~1:main')
      expect(push.code).toBe(0)
      expect(push.text).toContain('data not carried')
      expect(await a.id('HEAD')).toBe(code)
      expect(await remoteTip(a, remote)).toBe(await a.id('HEAD~1'))
    }))

  test.each(['--dry-run', '-n'])('with %s', (option) =>
    between(async ({ a, remote }) => {
      const code = await a.commit('code.txt', 'two\n')
      const before = await remoteTip(a, remote)
      expect((await changeAndPush(a, option)).code).toBe(0)
      expect(await a.id('HEAD')).toBe(code)
      expect(await remoteTip(a, remote)).toBe(before)
    }),
  )

  test('by URL, and it says so', () =>
    between(async ({ a, remote }) => {
      const code = await a.commit('code.txt', 'two\n')
      const push = await changeAndPush(a, remote, 'main')
      expect(push.text).toContain('data not carried')
      expect(await a.id('HEAD')).toBe(code)
      expect(await remoteTip(a, remote)).toBe(code)
    }))

  test('for review at refs/for/main, and it says so', () =>
    between(async ({ a }) => {
      const code = await a.commit('code.txt', 'two\n')
      const push = await changeAndPush(a, 'origin', 'HEAD:refs/for/main')
      expect(push.text).toContain('data not carried')
      expect(await a.id('HEAD')).toBe(code)
    }))

  test('without a tracking branch, and it says so', () =>
    between(async ({ a }) => {
      await a.git('config', 'remote.origin.fetch', '+refs/heads/other:refs/remotes/origin/other')
      const code = await a.commit('code.txt', 'two\n')
      expect((await changeAndPush(a, 'origin', 'main')).text).toContain('data not carried')
      expect(await a.id('HEAD')).toBe(code)
    }))
})

test.each([
  ['of several refs', ['origin', 'main', 'side']],
  ['--all', ['--all', 'origin']],
  ['--mirror', ['--mirror', 'origin']],
  ['--atomic of several refs', ['--atomic', 'origin', 'main', 'side']],
])('a push %s carries one data commit with the current branch', (_title, words) =>
  between(async ({ a, remote }) => {
    await a.git('branch', 'side')
    const code = await a.commit('code.txt', 'two\n')
    expect((await changeAndPush(a, ...words)).code).toBe(0)
    expect(await a.id('HEAD^')).toBe(code)
    expect(await remoteTip(a, remote)).toBe(await a.id('HEAD'))
    expect(await remoteTip(a, remote, 'side')).toBe(await a.id('side'))
  }),
)

test('a push to two push URLs carries one data commit to both', () =>
  between(async ({ a, folder, remote }) => {
    const second = `${folder}/second.git`
    await a.git('clone', '-q', '--bare', remote, second)
    await a.git('remote', 'set-url', '--add', '--push', 'origin', remote)
    await a.git('remote', 'set-url', '--add', '--push', 'origin', second)
    const code = await a.commit('code.txt', 'two\n')
    expect((await changeAndPush(a)).code).toBe(0)
    expect(await a.id('HEAD^')).toBe(code)
    expect(await remoteTip(a, remote)).toBe(await a.id('HEAD'))
    expect(await remoteTip(a, second)).toBe(await a.id('HEAD'))
  }))

test('a remote that moved between the push and its data commit: the branch stays, that is said, and the data goes with a push after the pull', () =>
  between(async ({ a, b, remote }) => {
    await b.commit('theirs.txt', 'theirs\n')
    // the remote takes the user's commit and moves on at once, as if somebody had pushed right after
    const hook = `#!/bin/sh\nread -r _ new ref\n[ -e moved ] && exit 0\ntouch moved\ncommit=$(git commit-tree -p "$new" -m quick "$new^{tree}")\nexec git update-ref "$ref" "$commit"\n`
    await a.write('../remote.git/hooks/post-receive', hook)
    await chmod(`${remote}/hooks/post-receive`, 0o755)
    const code = await a.commit('code.txt', 'two\n')
    const push = await changeAndPush(a)
    expect(push.code).toBe(0)
    expect(push.text).toContain('did not reach origin')
    expect(await a.id('HEAD')).toBe(code)
    await a.git('pull', '--no-edit')
    await a.git('push')
    await b.git('pull', '--no-edit')
    expect(await profit(b, 1)).toBe(4711)
  }))

describe('the branch moves to the data commit only when the remote has it', () => {
  test('the user’s own pre-push hook sees HEAD as the user left it, and is asked about the data commit too', () =>
    between(async ({ a, remote }) => {
      const own = `#!/bin/sh\necho "$(git log -1 --format=%s HEAD): $(cut -d' ' -f2)" >>seen\n`
      const hook = await a.read('.git/hooks/pre-push')
      await a.write('.git/hooks/pre-push', `${hook}\n${own}`)
      const code = await a.commit('code.txt', 'two\n')
      expect((await changeAndPush(a)).code).toBe(0)
      const data = await a.id('HEAD')
      expect(await remoteTip(a, remote)).toBe(data)
      expect((await a.read('seen')).trim().split('\n')).toEqual([
        `change code.txt: ${code}`,
        `change code.txt: ${data}`,
      ])
    }))

  test('a hook of the user’s that refuses the data commit stops nothing else; "verify": false asks it about the user’s commits only', () =>
    between(async ({ a, remote }) => {
      const hook = await a.read('.git/hooks/pre-push')
      const refusing = 'git log -1 --format=%s "$(cut -d" " -f2)" | grep -q "^data:" && exit 1\nexit 0\n'
      await a.write('.git/hooks/pre-push', `${hook}\n${refusing}`)
      const code = await a.commit('code.txt', 'two\n')
      const push = await changeAndPush(a)
      expect(push.code).toBe(0)
      expect(push.text).toContain('did not reach origin')
      expect([await a.id('HEAD'), await remoteTip(a, remote)]).toEqual([code, code])
      const config = JSON.parse(await a.read('tandem.config.json')) as Record<string, unknown>
      await a.commit('tandem.config.json', JSON.stringify({ ...config, commit: { verify: false } }))
      expect((await a.git('push')).text).toContain('pushed to origin')
      expect(await remoteTip(a, remote)).toBe(await a.id('HEAD'))
    }))

  test('a server that refuses its message: the user’s push stands, now and later, and a message that it takes brings the data', () =>
    between(async ({ a, b, remote }) => {
      const rule = `#!/bin/sh\nwhile read -r old new ref; do git log --format=%s "$old..$new" | grep -q "^data:" && { echo 'use conventional commits'; exit 1; }; done\nexit 0\n`
      await a.write('../remote.git/hooks/pre-receive', rule)
      await chmod(`${remote}/hooks/pre-receive`, 0o755)
      const code = await a.commit('code.txt', 'two\n')
      const refused = await changeAndPush(a)
      expect(refused.code).toBe(0)
      expect(refused.text).toContain('use conventional commits')
      expect(refused.text).toContain('"commit" in tandem.config.json')
      expect([await a.id('HEAD'), await remoteTip(a, remote)]).toEqual([code, code])
      expect((await a.git('status', '--short')).stdout).toBe('')
      const later = await a.commit('code.txt', 'three\n')
      expect((await a.git('push')).code).toBe(0)
      expect([await a.id('HEAD'), await remoteTip(a, remote)]).toEqual([later, later])

      const config = JSON.parse(await a.read('tandem.config.json')) as Record<string, unknown>
      const commit = { message: 'chore(data): {summary}', author: 'Data Bot <data@example.org>', signoff: true }
      await a.commit('tandem.config.json', JSON.stringify({ ...config, commit }))
      expect((await a.git('push')).text).toContain('pushed to origin')
      const look = (await a.git('log', '-1', '--format=%an <%ae>%n%B')).stdout
      expect(look).toMatch(/^Data Bot <data@example.org>\nchore\(data\): app \+0 ~1 -0\n[^]*\nSigned-off-by: /)
      await b.git('pull')
      expect(await profit(b, 1)).toBe(4711)
      expect(await disagreements({ a, b })).toEqual([])
    }))

  test('a push that is killed after the remote has the data commit is finished by the next hook', () =>
    between(async ({ a, b, remote }) => {
      const { stdout: command } = await a.git('config', 'tandem.command')
      await a.write('.git/dying', `#!/bin/sh\n[ "$2" = pushed ] && exit 1\nexec ${command.trim()} "$@"\n`)
      await a.git('config', 'tandem.command', `sh '${a.root}/.git/dying'`)
      const code = await a.commit('code.txt', 'two\n')
      await changeAndPush(a)
      const data = await remoteTip(a, remote)
      expect(await a.id('HEAD')).toBe(code)
      expect(data).not.toBe(code)
      await a.git('config', 'tandem.command', command.trim())
      await a.git('checkout', '-q', 'main')
      expect(await a.id('HEAD')).toBe(data)
      expect((await a.git('status', '--short', '--untracked-files=no')).stdout).toBe('')
      expect((await a.tandem('status')).text).toContain('in-sync')
      await b.git('pull')
      expect(await disagreements({ a, b })).toEqual([])
    }))
})

test('a push over ssh carries the data', () =>
  between(async ({ a, b, folder, remote }) => {
    const ssh = `${folder}/ssh.sh`
    await a.write('../ssh.sh', '#!/bin/sh\nshift\nexec sh -c "$*"\n')
    await chmod(ssh, 0o755)
    await a.git('remote', 'set-url', 'origin', `somewhere:${remote}`)
    await a.database.change('traders', key(1), { profit_usd: 4711 })
    const push = await a.start('git', ['push'], { GIT_SSH_COMMAND: `'${ssh}'`, GIT_SSH_VARIANT: 'simple' })
    expect(push).toMatchObject({ code: 0 })
    expect(await remoteTip(b, remote)).toBe(await a.id('HEAD'))
    await b.git('pull')
    expect(await disagreements({ a, b })).toEqual([])
  }))

test('a push over HTTP carries the data', () =>
  between(async ({ a, b, folder }) => {
    const server = await serveGit(folder)
    try {
      await b.git('config', '-f', `${folder}/remote.git/config`, 'http.receivepack', 'true')
      await a.git('remote', 'set-url', 'origin', `${server.url}/remote.git`)
      const code = await a.commit('code.txt', 'two\n')
      expect((await changeAndPush(a)).code).toBe(0)
      expect(await a.id('HEAD^')).toBe(code)
      await b.git('pull')
      expect(await disagreements({ a, b })).toEqual([])
    } finally {
      await server.close()
    }
  }))

test('staged, unstaged and untracked changes of the user are byte for byte the same after a push', () =>
  between(async ({ a, remote }) => {
    await a.commit('half.txt', 'one\ntwo\nthree\n')
    await a.write('half.txt', 'ONE\ntwo\nthree\n')
    await a.git('add', 'half.txt')
    await a.write('half.txt', 'ONE\ntwo\nTHREE\n')
    await a.write('staged.txt', 'new and staged\r\n')
    await a.git('add', 'staged.txt')
    await a.write('untracked.txt', 'never added\n')
    await a.git('rm', '-q', '--cached', 'code.txt')
    const state = async (): Promise<unknown> => [
      (await a.git('diff', '--cached', '--no-renames')).stdout,
      (await a.git('diff')).stdout,
      (await a.git('status', '--porcelain')).stdout,
      await Promise.all(['half.txt', 'staged.txt', 'untracked.txt', 'code.txt'].map((file) => a.read(file))),
    ]
    const before = await state()
    expect((await changeAndPush(a)).text).toContain('data commit')
    expect(await remoteTip(a, remote)).toBe(await a.id('HEAD'))
    expect(await state()).toEqual(before)
  }))
