/** The jobs of a schedule as the system starts them: records, what is due, what may be sent, signs of life between two machines, installation. */
import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Asset, PROGRAM } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { type ScheduledJob, runJob, webServer } from '../../support/scheduled.ts'
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
  test('runs as a child, leaves its record and carries the data', async () => {
    await a.database.insert('traders', traders('id', 1, 100))
    expect(await runJob(a, 'sync')).toMatchObject({ state: 'done', exitCode: 0 })
    expect((await b.git('pull', '-q')).code).toBe(0)
    expect(await b.digest()).toMatchObject({ ok: true, records: 6 })
    const { runs } = JSON.parse((await a.tandem('logs', '--job', 'sync', '--json')).stdout) as {
      runs: { trigger: string }[]
    }
    expect(runs.map(({ trigger }) => trigger)).toEqual(['schedule'])
    expect((await a.tandem('logs')).stdout).toMatch(/Sync process completed \(\d+ s\)/)
  })

  test('runs when it is due, and not again', async () => {
    const due = async (): Promise<string[]> => {
      const { stdout } = await a.tandem('schedule', 'run', '--json')
      return (JSON.parse(stdout) as { jobs: ScheduledJob[] }).jobs.map(({ job, state }) => `${job} ${state}`)
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
})

describe('trouble', () => {
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
    await runJob(a, 'health')
    expect(web.received).toEqual([])
    expect((await a.tandem('init', '--yes')).stdout).toContain('health writes m.prom')
    await runJob(a, 'health')
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
    await runJob(a, 'sync')
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
