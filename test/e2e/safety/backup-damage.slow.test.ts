/** Archives that were damaged, cut off or never finished: each is found, none counts as a backup, and none evicts a good one. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openArchive, readThrough } from '../../../src/backup/archive.ts'
import { type CatalogueEntry, readCatalogue } from '../../../src/backup/catalogue.ts'
import { checkArchive } from '../../../src/backup/check.ts'
import type { Manifest } from '../../../src/backup/manifest.ts'
import type { Invocation } from '../../../src/workspace/workspace.ts'
import { PROGRAM, type Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo, readyAssets, type TwoAssets } from '../../support/two-assets.ts'

const OPTIONS = {
  records: {
    traders: [
      { id: 't1', username: 'one' },
      { id: 't2', username: 'two' },
    ],
  },
}

const invocation: Invocation = {
  directory: '/',
  environment: process.env,
  hostName: 'here',
  nowMs: Date.now,
  newId: () => '',
  say: () => undefined,
  progress: () => undefined,
  inHook: false,
  dryRun: false,
  startInBackground: () => undefined,
}

const archivesOf = async ({ root }: Asset): Promise<string[]> =>
  (await readdir(path.join(root, 'backups'))).filter((name) => name.startsWith('backup_') && !name.endsWith('.sha256'))

function flipped(whole: Buffer, at: number): Buffer {
  const bytes = Buffer.from(whole)
  bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
  return bytes
}

describe.each(['tar.gz', 'zip'])('a %s', (format) => {
  let assets: TwoAssets
  let folder: string
  let file: string
  let whole: Buffer

  beforeAll(async () => {
    assets = await readyAssets(sqlite, { ...OPTIONS, configuration: { backup: { format } } })
    await assets.a.tandem('backup')
    folder = path.join(assets.a.root, 'backups')
    file = (await archivesOf(assets.a))[0] as string
    whole = await readFile(path.join(folder, file))
  })

  afterAll(() => assets.close())

  test('every flipped byte and every length at which it is cut is found', async () => {
    const [entry] = await readCatalogue(folder)
    const options = { folder, work: path.join(folder, '.tandem'), keys: undefined, invocation }
    const found = async (bytes: Buffer): Promise<string | undefined> => {
      await writeFile(path.join(folder, file), bytes)
      const sound = { ...options, level: 'sound' as const, dumpsOf: async () => undefined }
      return (await checkArchive(entry as CatalogueEntry, sound)).entry.problem
    }
    expect(await found(whole)).toBeUndefined()
    const step = format === 'zip' ? 13 : 5
    const unseen: string[] = []
    for (let at = 0; at < whole.length; at += step) {
      if ((await found(flipped(whole, at))) === undefined) unseen.push(`byte ${at}`)
      if ((await found(whole.subarray(0, at))) === undefined) unseen.push(`length ${at}`)
    }
    expect(unseen).toEqual([])
    await writeFile(path.join(folder, file), whole)
  })

  test('without catalogue and sidecar, reading it to its end lets no other content through', async () => {
    const work = await mkdtemp(path.join(tmpdir(), 'tandem-damage-'))
    const original = await openArchive(path.join(folder, file), await mkdtemp(path.join(work, 'whole-')), file)
    /** The manifest of what can be read to its end; undefined: the damage was found. */
    const read = async (bytes: Buffer): Promise<Manifest | undefined> => {
      const place = path.join(work, randomBytes(4).toString('hex'))
      await mkdir(path.join(place, 'content'), { recursive: true })
      await writeFile(path.join(place, file), bytes)
      try {
        const archive = await openArchive(path.join(place, file), path.join(place, 'content'), file)
        await readThrough(archive, process.env)
        return archive.manifest
      } catch (error) {
        if ((error as { readonly exitCode?: number }).exitCode !== 4) throw error
        return undefined
      } finally {
        await rm(place, { recursive: true })
      }
    }
    expect(await read(whole)).toEqual(original.manifest)
    const other: string[] = []
    for (let at = 0; at < whole.length; at += 97) {
      // what no check minds must be without consequence: the manifest has the digest of every file
      const manifest = (await read(flipped(whole, at))) ?? original.manifest
      if (JSON.stringify(manifest) !== JSON.stringify(original.manifest)) other.push(`byte ${at}`)
      if ((await read(whole.subarray(0, at))) !== undefined) other.push(`length ${at}`)
    }
    expect(other).toEqual([])
    await rm(work, { recursive: true })
  })
})

describe('a backup that fails', () => {
  test('is no backup: a full disk, a kill at any moment, and the next run works', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      await a.tandem('backup')
      const good = await archivesOf(a)
      await a.database.insert('traders', [{ id: 't3', username: 'three' }])
      const run = promisify(execFile)
      // files may have so many blocks only: writing fails half-way, as on a full disk
      const limited = await run('sh', ['-c', `ulimit -f 4; exec ${process.execPath} ${PROGRAM} backup`], {
        cwd: a.root,
        env: { ...a.environment },
        timeout: 60_000,
      }).catch((error: { readonly code: number; readonly stderr: string }) => error)
      expect(limited).toMatchObject({ code: expect.any(Number), stderr: expect.stringMatching(/tandem: /) })
      expect(await archivesOf(a)).toEqual(good)
      for (const ms of [400, 800]) {
        const child = a.spawn('tandem', 'backup', '--always')
        await sleep(ms)
        if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGKILL')
        for (const name of await archivesOf(a)) {
          const checked = await a.tandem('backup', 'check', name)
          expect(checked).toMatchObject({ code: 0 })
        }
      }
      expect(await a.tandem('backup', '--always')).toMatchObject({ code: 0 })
      const left = await readdir(path.join(a.root, 'backups', '.tandem'))
      expect(left.filter((name) => name.startsWith('work-'))).toEqual([])
    }))

  test('a source that is suddenly empty is kept, told, and evicts nothing until it is accepted', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      await a.tandem('backup')
      await a.database.run('DELETE FROM traders')
      const empty = await a.tandem('backup')
      expect(empty).toMatchObject({ code: 1, text: expect.stringMatching(/app has 0 records, and had 2/) })
      expect(await a.tandem('cleanup', '--keep', '1')).toMatchObject({ code: 1 })
      expect(await archivesOf(a)).toHaveLength(2)
      expect(await a.tandem('backup', 'accept')).toMatchObject({ code: 0 })
      expect(await a.tandem('cleanup', '--keep', '1')).toMatchObject({ code: 0 })
      expect(await archivesOf(a)).toHaveLength(1)
    }))

  test('damage is shown, does not count, and is never the reason why another archive goes', () =>
    betweenTwo(sqlite, OPTIONS, async ({ a }) => {
      await a.tandem('backup')
      await a.database.insert('traders', [{ id: 't3', username: 'three' }])
      await a.tandem('backup')
      const [first = '', second = ''] = await archivesOf(a)
      const place = path.join(a.root, 'backups', second)
      await chmod(place, 0o600)
      const bytes = await readFile(place)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
      await writeFile(place, bytes)
      expect(await a.tandem('backup', 'check', '--all')).toMatchObject({ code: 4 })
      expect((await a.tandem('backup', 'list')).text).toMatch(/damaged/)
      await a.tandem('cleanup', '--keep', '1')
      expect(await archivesOf(a)).toEqual([first, second])
      // the newest one that can be relied on is meant, not the damaged one
      const restored = await a.tandem('backup', 'restore', '--yes', '--json')
      expect(JSON.parse(restored.stdout)).toMatchObject({ archive: first })
    }))
})
