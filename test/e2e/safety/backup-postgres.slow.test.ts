/** Backups of PostgreSQL where something is missing: a dump that fails, a pg_dump that is too old, a role that may not create databases, a program that is connected. */
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, inject, test } from 'vitest'
import { PROGRAM, type Answer, type Asset } from '../../support/asset.ts'
import { postgres } from '../../support/live-postgres.ts'
import { query } from '../../support/postgres.ts'
import { betweenTwo } from '../../support/two-assets.ts'

const ENGINE = postgres(inject('postgres').slice(0, 1))

const OPTIONS = { records: { traders: Array.from({ length: 12 }, (_, i) => ({ id: `t${i}`, username: `user ${i}` })) } }

/** Runs the program with a `pg_dump` of these lines before the real one. */
async function withDump(asset: Asset, lines: readonly string[], ...words: readonly string[]): Promise<Answer> {
  const folder = path.join(path.dirname(asset.root), `${asset.name}-programs`)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'pg_dump'), ['#!/bin/sh', ...lines, ''].join('\n'))
  await chmod(path.join(folder, 'pg_dump'), 0o755)
  return asset.start(process.execPath, [PROGRAM, ...words], { PATH: `${folder}:${asset.environment['PATH']}` })
}

const archivesOf = async ({ root }: Asset): Promise<string[]> =>
  (await readdir(path.join(root, 'backups')).catch(() => [])).filter((name) => name.endsWith('.gz'))

test('half a dump is no backup; without pg_dump the records alone are restored, and what is missing is said', () =>
  betweenTwo(ENGINE, OPTIONS, async ({ a }) => {
    const half = [
      'while [ "$1" != -f ]; do shift; done',
      'echo PGDMP half > "$2"',
      'echo "pg_dump: error: lost" >&2',
      'exit 1',
    ]
    expect(await withDump(a, half, 'backup')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/pg_dump failed \(1\)/),
    })
    expect(await archivesOf(a)).toEqual([])
    // a pg_dump that lies: exit 0, and the dump is cut off
    const lies = ['while [ "$1" != -f ]; do shift; done', 'echo PGDMP half > "$2"']
    expect(await withDump(a, lies, 'backup')).toMatchObject({ code: 4, text: expect.stringMatching(/to its end/) })
    expect(await archivesOf(a)).toEqual([])

    const old = ['echo "pg_dump: error: aborting because of server version mismatch" >&2', 'exit 1']
    const portable = await withDump(a, old, 'backup')
    expect(portable).toMatchObject({ code: 0, text: expect.stringMatching(/pg_dump is older than the server/) })
    expect(await a.tandem('backup', 'check', '--prove')).toMatchObject({ code: 0 })
    const { live } = await a.digest()
    await a.database.run('DROP TABLE traders')
    expect(await a.tandem('backup', 'restore', '--yes')).toMatchObject({ code: 0 })
    expect((await a.digest()).live).toBe(live)
  }))

test('a database in use is not replaced; a role that may not create databases restores the records in place', () =>
  betweenTwo(ENGINE, OPTIONS, async ({ a }) => {
    expect(await a.tandem('backup')).toMatchObject({ code: 0 })
    const { live } = await a.digest()
    await a.database.remove('traders', { id: 't1' })
    const busy = query(a.database.url, 'SELECT pg_sleep(25)').catch(() => undefined)
    const refused = await a.tandem('backup', 'restore', '--yes')
    expect(refused).toMatchObject({ code: 6, text: expect.stringMatching(/is in use/) })
    expect(await a.tandem('backup', 'restore', '--yes', '--disconnect')).toMatchObject({ code: 0 })
    await busy
    expect((await a.digest()).live).toBe(live)

    const owner = `role_${Date.now()}`
    const url = new URL(a.database.url)
    await query(
      a.database.url,
      `CREATE ROLE ${owner} LOGIN; GRANT ALL ON SCHEMA public TO ${owner}; GRANT USAGE ON SCHEMA tandem TO ${owner}; GRANT ALL ON ALL TABLES IN SCHEMA public, tandem TO ${owner}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${owner}`,
    )
    url.username = owner
    await a.write('.env', `APP_DATABASE_URL='${url.href}'\n`)
    await a.tandem('init', '--yes')
    expect(await a.tandem('backup', '--always')).toMatchObject({ code: 0 })
    const proof = await a.tandem('backup', 'check', '--prove')
    expect(proof).toMatchObject({ code: 1, text: expect.stringMatching(/may not create databases/) })
    await a.database.remove('traders', { id: 't2' })
    expect(await a.tandem('backup', 'restore', '--yes')).toMatchObject({ code: 5 })
    expect(await a.tandem('backup', 'restore', '--yes', '--in-place')).toMatchObject({ code: 0 })
    expect((await a.digest()).live).toBe(live)
    await query(a.database.url, `DROP OWNED BY ${owner}; DROP ROLE ${owner}`)
  }))
