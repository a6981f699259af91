/** `npm run demo` as a newcomer runs it: the built command, on every kind of database; its exit code, what it shows, and that it leaves nothing behind. */
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import type { DemoDatabase } from '../../../src/demo/database.ts'
import { demoEnvironment, machineAt, type Machine } from '../../../src/demo/machine.ts'
import { createNarrator, type Narrator } from '../../../src/demo/narrator.ts'
import { sqliteServer } from '../../../src/demo/sqlite.ts'
import { compareDatabases } from '../../../src/demo/story.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const RECORDS = 'exports/app/traders/records.jsonl'

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem demo test '))
  await chmod(folder, 0o755) // a PostgreSQL that root starts runs as another user
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Runs the demo with its temporary folder inside the test's. */
function demo(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [path.join(ROOT, 'dist/demo/main.js'), ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, TEMP: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

/** What a run showed, to be compared with WHOLE_STORY. */
function shownBy({ code, stdout, stderr }: Ran): typeof WHOLE_STORY {
  const digests = [...stdout.matchAll(/^asset-[12] {2}([0-9a-f]{64} {2}\d+ records)$/gm)].map((match) => match[1])
  return {
    code: code ?? -1,
    stderr,
    digests: digests.length,
    equal: new Set(digests).size === 1,
    records: Number(/ (\d+) records$/.exec(digests[0] ?? '')?.[1]),
    push: /asset-1 \$ git push\n.*data commit \w+ on top of your/.test(stdout),
    pull: /asset-2 \$ git pull\n(?: {2}.*\n)*? {2}tandem: app \+\d+ ~\d+ -\d+ applied to /.test(stdout),
    report: stdout.includes('DATABASE SYNCHRONIZATION REPORT') && stdout.includes('Merge status: SUCCESS'),
    coloured: stdout.includes('\u001b'),
  }
}

const WHOLE_STORY = {
  code: 0,
  stderr: '',
  digests: 2,
  equal: true,
  records: 194,
  push: true,
  pull: true,
  report: true,
  coloured: false,
}

describe('the demo', () => {
  test('ends with equal digests and leaves nothing behind, whatever is set around it', async () => {
    const ran = await demo([], {
      CI: 'true',
      TANDEM_SKIP: '1',
      APP_DATABASE_URL: 'postgres://nowhere.invalid/app',
      GIT_DIR: '/nonexistent',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: '/nonexistent',
    })
    expect(shownBy(ran)).toEqual(WHOLE_STORY)
    expect(await readdir(folder)).toEqual([])
  })

  test('keeps its clones if told to, and finds two databases that differ in one record different', async () => {
    const { code, stdout } = await demo(['--keep'])
    expect(code).toBe(0)
    const [kept = ''] = await readdir(folder)
    const at = path.join(folder, kept)
    expect(stdout).toContain(`The clones are in ${at}`)
    const exports = ['asset-1', 'asset-2'].map((name) => readFile(path.join(at, name, RECORDS), 'utf8'))
    expect(await exports[0]).toBe(await exports[1])
    let said = ''
    const narrator = createNarrator((text) => (said += text), false)
    const first = await machine('asset-1', at, narrator)
    const second = await machine('asset-2', at, narrator)
    expect(await compareDatabases({ narrator, first, second })).toBe(true)
    await second.database.edit({ added: [], changed: new Map([['trader9', { wins: 99 }]]), removed: [] })
    await second.tandem('export', '--commit')
    expect(await compareDatabases({ narrator, first, second })).toBe(false)
    expect(said).toContain('DIFFERENT')
  })

  test('refuses an option it does not know, with the ones it does', async () => {
    const { code, stderr } = await demo(['--mysql'])
    expect(code).toBe(2)
    expect(stderr).toContain('--mysql')
    expect(stderr).toContain('npm run demo -- --postgres')
  })

  test('with --mongodb and no server says how to name one', async () => {
    const { code, stderr } = await demo(['--mongodb'], { MONGODB_TEST_URI: '' })
    expect(code).toBe(2)
    expect(stderr).toContain('MONGODB_TEST_URI=mongodb://')
    expect(await readdir(folder)).toEqual([])
  })

  test('with a server that does not answer ends with 3', async () => {
    const { code, stderr } = await demo(['--postgres'], { POSTGRES_TEST_URI: 'postgres://nobody@127.0.0.1:1/postgres' })
    expect(code).toBe(3)
    expect(stderr).toContain('POSTGRES_TEST_URI does not answer')
  })
})

describe('the demo on real servers', () => {
  test.each(inject('postgres').slice(-1))('with --postgres uses the one named ($name)', async ({ uri }) => {
    expect(shownBy(await demo(['--postgres'], { POSTGRES_TEST_URI: uri }))).toEqual(WHOLE_STORY)
  })

  test('with --postgres and no server named starts one, which ends with it', async () => {
    expect(shownBy(await demo(['--postgres'], { POSTGRES_TEST_URI: '' }))).toEqual(WHOLE_STORY)
    expect(await readdir(folder)).toEqual([])
  })

  test.each(inject('mongodb').slice(0, 1))('with --mongodb uses the one named ($name)', async ({ uri }) => {
    expect(shownBy(await demo(['--mongodb'], { MONGODB_TEST_URI: uri }))).toEqual(WHOLE_STORY)
  })
})

async function machine(name: string, at: string, narrator: Narrator): Promise<Machine> {
  const clone = path.join(at, name)
  const database: DemoDatabase = await sqliteServer().database(name, clone)
  const environment = demoEnvironment(process.env, path.join(at, 'gitconfig'))
  const program = path.join(ROOT, 'dist/cli/main.js')
  return machineAt({ name, folder: clone, database, environment, program, narrator })
}
