/** Where backups go and who can read them: encryption, second copies, a folder and nothing else, drills, versions of configuration files, and a pulled configuration that wants them elsewhere. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { PROGRAM, type Answer, type Asset } from '../../support/asset.ts'
import { sqlite } from '../../support/live-sqlite.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const OPTIONS = {
  records: {
    traders: [
      { id: 't1', username: 'one' },
      { id: 't2', username: 'two' },
    ],
  },
}

/** Changes the word `backup` of the configuration. */
async function configure(asset: Asset, backup: unknown): Promise<void> {
  const configuration = JSON.parse(await asset.read('tandem.config.json')) as object
  await asset.write('tandem.config.json', JSON.stringify({ ...configuration, backup }))
}

async function done(answer: Promise<Answer>): Promise<Answer> {
  const ended = await answer
  expect(ended).toMatchObject({ code: 0 })
  return ended
}

const archivesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /\.(gz|zip|age)$/.test(name))

test('a pulled configuration sends nothing elsewhere before it is approved; then copies are compared, and restore with nothing but their folder', () =>
  betweenTwo(sqlite, OPTIONS, async ({ a, folder }) => {
    const nas = path.join(folder, 'nas')
    await configure(a, { copy: [{ to: nas, keep: { last: 2 } }], sources: { app: { log: true } } })
    const refused = await a.tandem('backup')
    expect(refused).toMatchObject({ code: 5, text: expect.stringMatching(/tandem backup approve/) })
    await done(a.tandem('backup', 'approve'))
    await done(a.tandem('backup'))
    expect(await archivesIn(nas)).toEqual(await archivesIn(path.join(a.root, 'backups')))
    expect(await a.database.rows('backup_logs')).toMatchObject([{ status: 'done' }])
    expect(await a.read('backups/backup.log')).toMatch(/Backup process completed: backup_/)
    expect((await a.git('status', '--porcelain')).stdout).toBe(' M tandem.config.json\n')

    // an unmounted disk: the marker is missing
    await rm(path.join(nas, '.tandem-copy'))
    await a.database.insert('traders', [{ id: 't3', username: 'three' }])
    expect(await a.tandem('backup')).toMatchObject({ code: 3, text: expect.stringMatching(/not mounted/) })
    expect(await archivesIn(path.join(a.root, 'backups'))).toHaveLength(2)
    await writeFile(path.join(nas, '.tandem-copy'), '')
    await done(a.tandem('backup', 'copy'))

    const drilled = JSON.parse((await a.tandem('backup', 'drill', '--json')).stdout) as Drilled
    const outcomes = drilled.results.map(({ scene, outcome }) => `${scene} ${outcome}`)
    expect(outcomes).toEqual(['database-lost passed', 'former-version passed', 'disk-lost passed', 'all-lost passed'])
    // the promises of the script before: a minute, two minutes, half a minute
    for (const { ms } of drilled.results) expect(ms).toBeLessThan(60_000)

    // nothing but the folder: no repository, no configuration, an empty home
    const nowhere = await mkdtemp(path.join(folder, 'nowhere-'))
    const words = [
      'backup',
      'restore',
      '--from',
      nas,
      '--to',
      `app=sqlite:${path.join(nowhere, 'new.db')}`,
      '--yes',
      '-C',
      nowhere,
    ]
    const environment = { HOME: nowhere, XDG_CONFIG_HOME: nowhere }
    const restored = await done(a.start(process.execPath, [PROGRAM, ...words], environment))
    expect(restored.text).toMatch(/equal to the backup/)
    expect(await readdir(nowhere)).toContain('new.db')
    expect(await readFile(path.join(nas, 'RECOVER.md'), 'utf8')).toMatch(/pg_restore/)
  }))

interface Drilled {
  readonly results: readonly { readonly scene: string; readonly outcome: string; readonly ms: number }[]
}

test('an encrypted archive is read by whoever has the identity, and a machine without it says what it cannot do', () =>
  betweenTwo(sqlite, OPTIONS, async ({ a, folder }) => {
    const identity = await generateX25519Identity()
    const file = path.join(folder, 'identity.txt')
    await writeFile(file, `# a comment\n${identity}\n`)
    await configure(a, {
      encrypt: { recipients: [await identityToRecipient(identity)], identity: '${AGE_IDENTITY_FILE}' },
    })
    await done(a.tandem('backup', 'approve'))
    const made = await done(a.tandem('backup', '--trigger', 'nightly'))
    expect(made.text).not.toMatch(/not encrypted/)
    const [archive = ''] = await archivesIn(path.join(a.root, 'backups'))
    expect(archive).toMatch(/_nightly\.tar\.gz\.age$/)
    expect((await readFile(path.join(a.root, 'backups', archive))).includes('traders')).toBe(false)
    const unread = await a.tandem('backup', 'check', '--prove')
    expect(unread).toMatchObject({ code: 1, text: expect.stringMatching(/sound\n.*no identity/) })
    expect(await a.tandem('backup', 'restore', '--yes')).toMatchObject({ code: 2 })
    const proven = await done(a.tandem('backup', 'check', '--prove', '--identity', file))
    expect(proven.text).toMatch(/proven/)
    await a.database.remove('traders', { id: 't1' })
    await done(a.start(process.execPath, [PROGRAM, 'backup', 'restore', archive, '--yes'], { AGE_IDENTITY_FILE: file }))
    expect((await a.digest()).records).toBe(2)
  }))

test('configuration files: the last three valid versions stay, and a file that is cut off is put back', () =>
  betweenTwo(sqlite, OPTIONS, async ({ a }) => {
    await configure(a, { files: ['config/*.json'] })
    await mkdir(path.join(a.root, 'config'))
    for (const version of [1, 2, 3, 4]) {
      await a.write('config/bot.json', JSON.stringify({ version }))
      await done(a.tandem('backup', 'files'))
    }
    const kept = await readdir(path.join(a.root, 'backups/files/config/bot.json'))
    expect(kept).toHaveLength(3)
    await a.write('config/bot.json', '{"version":')
    expect(await a.tandem('backup', 'files')).toMatchObject({ code: 1 })
    await done(a.tandem('backup', 'files', '--repair'))
    expect(await a.read('config/bot.json')).toBe('{"version":4}')
    await done(a.tandem('backup'))
    expect((await done(a.tandem('backup', 'show'))).text).toMatch(/config\/bot\.json/)
  }))
