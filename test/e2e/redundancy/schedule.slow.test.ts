/** What goes wrong with jobs of a schedule: tries and the queue, notifications over a real SMTP server and a real web server; and a clone made whole again. */
import { rename } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Asset, PROGRAM } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { configure, runJob, webServer, withoutRemote } from '../../support/scheduled.ts'
import { traders } from '../../support/traders.ts'
import { type TwoAssets, readyAssets } from '../../support/two-assets.ts'

let assets: TwoAssets
let a: Asset
let b: Asset

beforeEach(async () => {
  assets = await readyAssets(sqlite, { records: { traders: traders('id', 5) } })
  ;({ a, b } = assets)
})
afterEach(() => assets.close())

describe('a job', () => {
  test('that fails is tried again, stays in the queue, and leaves it when it works', async () => {
    await configure(a, { queue: { attempts: 2 } })
    await withoutRemote(assets, async () => {
      expect(await runJob(a, 'sync')).toMatchObject({ state: 'failed', exitCode: 3 })
      const queue = await a.tandem('queue', '--json')
      expect(JSON.parse(queue.stdout)).toMatchObject({
        ok: false,
        queue: [{ name: 'sync', kind: 'again', attempts: 2, isTold: true }],
      })
      expect(queue.code).toBe(1)
      // with the next tick it is tried once, not the whole series
      await runJob(a, 'sync')
      expect((await a.tandem('queue')).stdout).toMatch(/^sync +3 tries since /)
      const health = await a.tandem('health', '--json')
      const checks = (JSON.parse(health.stdout) as { checks: { name: string; status: string }[] }).checks
      const failed = checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
      expect([health.code, failed]).toEqual([3, ['remote', 'job: sync']])
      expect((await a.tandem('logs', '--errors')).stdout).toMatch(/ERROR sync: git fetch failed/)
    })
    expect((await a.tandem('queue', 'retry')).stdout).toBe('sync: done\n')
    expect((await a.tandem('queue')).stdout).toBe('nothing waits\n')
    expect((await a.tandem('queue', 'drop', 'sync')).code).toBe(2)
  })

  test('whose login was refused waits an hour, and is tried at once by hand', async () => {
    await a.write('refuse', '#!/bin/sh\necho "git@host: Permission denied (publickey)." >&2\nexit 128\n')
    await a.git('config', 'core.sshCommand', `sh ${JSON.stringify(path.join(a.root, 'refuse'))}`)
    await a.git('remote', 'set-url', 'origin', 'ssh://git@host/x.git')
    expect(await runJob(a, 'sync')).toMatchObject({ state: 'failed', exitCode: 3 })
    expect(await runJob(a, 'sync')).toMatchObject({ state: 'waits' })
    expect((await a.tandem('queue', 'retry', 'sync')).stdout).toMatch(/^sync: failed/)
    const { queue } = JSON.parse((await a.tandem('queue', '--json')).stdout) as { queue: { attempts: number }[] }
    expect(queue.map(({ attempts }) => attempts)).toEqual([2])
  })
})

describe('a pull', () => {
  test('that meet a database which is gone queue the apply; the next hook takes it out', async () => {
    await a.database.insert('traders', traders('id', 1, 100))
    await a.git('push', '-q')
    const file = path.join(b.root, 'data/app.db')
    await rename(file, `${file}.away`)
    await b.git('pull', '-q')
    expect((await b.tandem('queue')).stdout).toMatch(/^apply +1 try since /)
    await rename(`${file}.away`, file)
    expect((await b.tandem('queue', 'retry')).stdout).toBe('apply: done\n')
    expect(await b.digest()).toMatchObject({ ok: true, records: 6 })
  })
})

describe('trouble', () => {
  test('is told once by mail and by webhook, and once when it is over; a lost message is sent again', async () => {
    const mails: string[] = []
    const smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username, password }, _, callback) => {
        if (username === 'bot' && password === 'se:cret') callback(null, { user: 'bot' })
        else callback(new Error('wrong password'))
      },
      onData: (stream, _, callback) => {
        let text = ''
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
        stream.on('end', () => {
          mails.push(text)
          callback()
        })
      },
    })
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve()))
    onTestFinished(() => new Promise<void>((resolve) => smtp.close(() => resolve())))
    const { port } = smtp.server.address() as AddressInfo
    // the web server is out of order for the first message, all three tries of it
    const web = await webServer(500, 500, 500)
    await a.write(
      '.env',
      `${await a.read('.env').catch(() => '')}\nSMTP_PASSWORD='se%3Acret'\nSLACK_URL='${web.url}/secret'\n`,
    )
    const notify = {
      email: {
        smtp: `smtp://bot:\${SMTP_PASSWORD}@127.0.0.1:${port}`,
        from: 'bot@example.org',
        to: ['me@example.org'],
      },
      webhooks: [{ url: '${SLACK_URL}', kind: 'slack' }],
    }
    await configure(a, { notify, queue: { attempts: 1 } })
    await withoutRemote(assets, async () => {
      await runJob(a, 'sync')
      expect(mails).toHaveLength(1)
      expect(mails[0]).toMatch(/Subject: tandem on a: job: sync is in trouble/)
      expect(web.received).toHaveLength(3)
      const status = await a.tandem('notify', 'status')
      expect(status.stdout).toMatch(/webhook 1 \(slack\): status 500; it is sent again/)
      expect(status.text).not.toMatch(/secret|se:cret/)
      await runJob(a, 'sync')
    })
    expect(mails).toHaveLength(1)
    expect(web.received).toHaveLength(4)
    expect((JSON.parse(web.received[3]?.body ?? '') as { text: string }).text).toContain('job: sync is in trouble')
    await runJob(a, 'sync')
    expect(mails[1]).toMatch(/Subject: tandem on a: job: sync is well again/)
    await runJob(a, 'sync')
    expect([mails.length, web.received.length]).toEqual([2, 5])
    expect((await a.tandem('notify')).code).toBe(0)
    expect((await a.tandem('notify', 'test')).code).toBe(0)
    expect([mails.length, web.received.length]).toEqual([3, 6])
  })
})

test('setup makes a fresh clone whole, tables and all', async () => {
  const clone = path.join(assets.folder, 'c')
  await a.git('clone', '-q', assets.remote, clone)
  await a.start('sh', [
    '-c',
    `mkdir -p "$1/data"; printf "APP_DATABASE_URL='sqlite:data/app.db'\n" > "$1/.env"`,
    'sh',
    clone,
  ])
  const answer = await a.start(process.execPath, [PROGRAM, '-C', clone, 'setup'])
  expect([answer.code, answer.text]).toEqual([0, expect.stringMatching(/tandem init --create-schema --yes/)])
  const verdict = await a.start(process.execPath, [PROGRAM, '-C', clone, 'verify', '--json'])
  expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, sources: { app: { live: { records: 5 } } } })
})
