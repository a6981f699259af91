/**
 * What pre-push does in earnest, cut down to its core, for the tests of the reference-transaction hook: started as the hook's program inside a real `git push`, it
 * makes a data commit N on top of HEAD by plumbing and writes the hook that is to carry it and then to move the branch. The environment says what to do differently.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gitHooksFolder } from '../../src/git/install/hooks-home.ts'
import { quietPushEnvironment, writeTransactionHook } from '../../src/git/install/transaction-hook.ts'
import { openRepository } from '../../src/git/repository.ts'

const repository = await openRepository(process.cwd(), process.env)
const remote = process.argv[4] ?? ''
const sent = await repository.git(['rev-parse', 'HEAD'])
const branch = await repository.git(['symbolic-ref', '--short', 'HEAD'])
const data = await repository.git(['commit-tree', '-p', sent, '-m', 'data: app +1', `${sent}^{tree}`])

const pid = Number(process.env['CARRY_PID'] ?? process.env['TANDEM_PUSH_PID'])
const marker = path.join(repository.commonDir, 'tandem', "push it's", String(pid))
await mkdir(path.dirname(marker), { recursive: true })
await writeFile(marker, '')
await writeTransactionHook(await gitHooksFolder(repository), {
  marker,
  pid,
  tracking: `refs/remotes/${remote}/${branch}`,
  sent,
  push: {
    command: [
      'git',
      'push',
      '--no-verify',
      '--quiet',
      remote,
      `${data}:${process.env['CARRY_REF'] ?? `refs/heads/${branch}`}`,
    ],
    environment: quietPushEnvironment(process.env, undefined),
    finish: [
      'sh',
      '-c',
      'git update-ref "$1" "$2" "$3" && rm -f "$4"',
      'finish',
      `refs/heads/${branch}`,
      data,
      sent,
      marker,
    ],
  },
  lines: {
    sent: `data commit on top of your ${sent} \`sent\` $HOME`,
    notSent: 'data commit not sent',
    unsent: 'data commit unsent',
  },
})
