/** The jobs of a schedule as the system starts them: records, queue, notifications over a real SMTP server and a real web server, signs of life between two machines. */
import { readFile, rename } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Asset, PROGRAM } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
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

/** Adds words to the configuration of a, as a person does, and approves them. */
async function configure(words: Readonly<Record<string, unknown>>): Promise<void> {
  const before = JSON.parse(await a.read('tandem.config.json')) as object
  await a.write('tandem.config.json', JSON.stringify({ ...before, ...words }, undefined, 2))
  expect((await a.tandem('init', '--yes')).code).toBe(0)
}

interface Job {
  readonly job: string
  readonly state: string
  readonly exitCode: number
  readonly message: string
}

async function runJob(job: string): Promise<Job> {
  const answer = await a.tandem('schedule', 'run', job, '--json')
  return (JSON.parse(answer.stdout) as { jobs: readonly [Job] }).jobs[0]
}

/** The remote is gone, and comes back. */
async function withoutRemote(work: () => Promise<void>): Promise<void> {
  await rename(assets.remote, `${assets.remote}.away`)
  try {
    await work()
  } finally {
    await rename(`${assets.remote}.away`, assets.remote)
  }
}

interface Received {
  readonly path: string
  readonly body: string
}

/** A web server that notes what it gets and answers with the statuses given, 200 after the last. */
async function webServer(...statuses: number[]): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      received.push({ path: request.url ?? '', body })
      response.writeHead(statuses.shift() ?? 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

describe('a job', () => {
  test('runs as a child, leaves its record and carries the data', async () => {
    await a.database.insert('traders', traders('id', 1, 100))
    expect(await runJob('sync')).toMatchObject({ state: 'done', exitCode: 0 })
    expect((await b.git('pull', '-q')).code).toBe(0)
    expect(await b.digest()).toMatchObject({ ok: true, records: 6 })
    const { runs } = JSON.parse((await a.tandem('logs', '--job', 'sync', '--json')).stdout) as {
      runs: { trigger: string }[]
    }
    expect(runs.map(({ trigger }) => trigger)).toEqual(['schedule'])
    expect((await a.tandem('logs')).stdout).toMatch(/Sync process completed \(\d+ s\)/)
  })

  test('that fails is tried again, stays in the queue, and leaves it when it works', async () => {
    await configure({ queue: { attempts: 2 } })
    await withoutRemote(async () => {
      expect(await runJob('sync')).toMatchObject({ state: 'failed', exitCode: 3 })
      const queue = await a.tandem('queue', '--json')
      expect(JSON.parse(queue.stdout)).toMatchObject({
        ok: false,
        queue: [{ name: 'sync', kind: 'again', attempts: 2, isTold: true }],
      })
      expect(queue.code).toBe(1)
      // with the next tick it is tried once, not the whole series
      await runJob('sync')
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
    expect(await runJob('sync')).toMatchObject({ state: 'failed', exitCode: 3 })
    expect(await runJob('sync')).toMatchObject({ state: 'waits' })
    expect((await a.tandem('queue', 'retry', 'sync')).stdout).toMatch(/^sync: failed/)
    const { queue } = JSON.parse((await a.tandem('queue', '--json')).stdout) as { queue: { attempts: number }[] }
    expect(queue.map(({ attempts }) => attempts)).toEqual([2])
  })

  test('runs when it is due, and not again', async () => {
    const due = async (): Promise<string[]> => {
      const { stdout } = await a.tandem('schedule', 'run', '--json')
      return (JSON.parse(stdout) as { jobs: Job[] }).jobs.map(({ job, state }) => `${job} ${state}`)
    }
    expect(await due()).toEqual(['sync done', 'health done'])
    expect(await due()).toEqual([])
    await a.write('.git/tandem/schedule/sync.json', String(Date.now() - 3 * 3_600_000))
    const status = await a.tandem('schedule', 'status')
    expect([status.code, status.stdout]).toEqual([1, expect.stringMatching(/^sync +overdue/m)])
    expect(await due()).toEqual(['sync done'])
  })
})

describe('pushes and pulls of hooks', () => {
  test('leave their records too', async () => {
    await a.database.insert('traders', traders('id', 1, 100))
    await a.git('push', '-q')
    await b.git('pull', '-q')
    expect(await a.read('.git/tandem/runs/push.jsonl')).toMatch(/"trigger":"hook".*"exitCode":0/)
    expect(await b.read('.git/tandem/runs/pull.jsonl')).toMatch(/"trigger":"hook".*"exitCode":0/)
  })

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
    await configure({ notify, queue: { attempts: 1 } })
    await withoutRemote(async () => {
      await runJob('sync')
      expect(mails).toHaveLength(1)
      expect(mails[0]).toMatch(/Subject: tandem on a: job: sync is in trouble/)
      expect(web.received).toHaveLength(3)
      const status = await a.tandem('notify', 'status')
      expect(status.stdout).toMatch(/webhook 1 \(slack\): status 500; it is sent again/)
      expect(status.text).not.toMatch(/secret|se:cret/)
      await runJob('sync')
    })
    expect(mails).toHaveLength(1)
    expect(web.received).toHaveLength(4)
    expect((JSON.parse(web.received[3]?.body ?? '') as { text: string }).text).toContain('job: sync is in trouble')
    await runJob('sync')
    expect(mails[1]).toMatch(/Subject: tandem on a: job: sync is well again/)
    await runJob('sync')
    expect([mails.length, web.received.length]).toEqual([2, 5])
    expect((await a.tandem('notify')).code).toBe(0)
    expect((await a.tandem('notify', 'test')).code).toBe(0)
    expect([mails.length, web.received.length]).toEqual([3, 6])
  })

  test('goes nowhere that a pulled configuration names, before init approved it', async () => {
    const web = await webServer()
    const words = {
      notify: { webhooks: [{ url: `${web.url}/x`, kind: 'json' }] },
      health: { ping: web.url, metrics: 'm.prom' },
    }
    const before = JSON.parse(await a.read('tandem.config.json')) as object
    await a.write('tandem.config.json', JSON.stringify({ ...before, ...words }))
    expect((await a.tandem('notify', 'test')).code).toBe(5)
    const health = await a.tandem('health')
    expect([health.code, health.stdout]).toEqual([1, expect.stringMatching(/fail {2}notify: .*approved/)])
    await runJob('health')
    expect(web.received).toEqual([])
    expect((await a.tandem('init', '--yes')).stdout).toContain('health writes m.prom')
    await runJob('health')
    expect(web.received.map((each) => each.path)).toEqual(['/start', '/', '/x'])
    expect(web.received[2]?.body).toContain('notify is well again')
    expect(await a.read('m.prom')).toMatch(/^tandem_health_ok 1$[\s\S]*# EOF\n$/m)
  })

  test('a password in the file is refused', async () => {
    const before = JSON.parse(await a.read('tandem.config.json')) as object
    const email = { smtp: 'smtp://bot:hunter2@host:587', from: 'a@b', to: ['c@d'] }
    await a.write('tandem.config.json', JSON.stringify({ ...before, notify: { email } }))
    const answer = await a.tandem('health')
    expect([answer.code, answer.text]).toEqual([
      2,
      expect.stringMatching(/notify\.email\.smtp: there is a password in the file/),
    ])
    expect(answer.text).not.toContain('hunter2')
  })
})

describe('two machines', () => {
  test('hear of each other by the remote, and tell the lag', async () => {
    await runJob('sync')
    const seen = async (): Promise<string> => (await b.tandem('health')).stdout
    expect(await seen()).toMatch(/ok {4}asset: a: last sign of life just now; last agreed just now/)
    // a falls silent for two days
    const id = (await b.git('rev-parse', 'refs/tandem/heartbeat/a')).stdout.trim()
    const beat = JSON.parse((await b.git('cat-file', 'blob', id)).stdout) as object
    const old = JSON.stringify({ ...beat, at: new Date(Date.now() - 48 * 3_600_000).toISOString() })
    await b.write('beat', old)
    const blob = (await b.git('hash-object', '-w', 'beat')).stdout.trim()
    await b.git('push', '-q', '--no-verify', 'origin', `+${blob}:refs/tandem/heartbeat/a`)
    const health = await b.tandem('health', '--json')
    const { checks, assets: lags } = JSON.parse(health.stdout) as {
      checks: { name: string; status: string }[]
      assets: { asset: string }[]
    }
    expect(checks.find(({ name }) => name === 'asset: a')).toMatchObject({ status: 'fail' })
    expect([health.code, lags.map(({ asset }) => asset)]).toEqual([1, ['a']])
  })
})

test('the schedule is installed as files, and health sees when what it starts is gone', async () => {
  const { stdout } = await a.tandem('schedule', 'install', '--kind', 'synology')
  expect(stdout).toMatch(/^scheduled by synology: sync, health$/m)
  const healthy = await a.tandem('health')
  expect([healthy.code, healthy.stdout]).toEqual([
    0,
    expect.stringMatching(/ok {4}schedule: synology starts sync, health/),
  ])
  const installed = JSON.parse(await a.read('.git/tandem/schedule/installed.json')) as {
    files: string[]
    program: string[]
  }
  expect(installed.program).toEqual([process.execPath, PROGRAM])
  expect(await readFile(installed.files[0] ?? '', 'utf8')).toContain(PROGRAM)
  await a.write(
    '.git/tandem/schedule/installed.json',
    JSON.stringify({ ...installed, program: ['/nowhere/node', PROGRAM] }),
  )
  expect((await a.tandem('health')).stdout).toMatch(
    /fail {2}schedule: it starts \/nowhere\/node, which is not there any more/,
  )
  expect((await a.tandem('schedule', 'remove')).stdout).toMatch(/removed the schedule/)
  expect((await a.tandem('schedule', 'remove')).stdout).toBe('nothing is scheduled\n')
})

test('down runs what is configured, and a dry run only names it', async () => {
  expect((await a.tandem('down', '--dry-run')).stdout).toBe('would run sync\n')
  await a.database.insert('traders', traders('id', 1, 100))
  expect((await a.tandem('down')).stdout).toMatch(/^sync: done\nall is saved/)
  await b.git('pull', '-q')
  expect(await b.digest()).toMatchObject({ ok: true, records: 6 })
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
