/**
 * SQLite's dumps are complete database files, made by `VACUUM INTO` (https://www.sqlite.org/lang_vacuum.html): of one moment, also beside a foreign writer, and without the write-ahead
 * log, which a copied file would lack. The records are then read from the copy, so both are of the same moment.
 */
import { chmod, chown, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { exists } from '../../io/exists.ts'
import { processesHolding } from '../../io/open-files.ts'
import { DamagedError, LockedError } from '../../model/errors.ts'
import {
  type DumpOptions,
  type Dumps,
  type ScratchDatabase,
  type ScratchOrigin,
  type SwapOptions,
  type Swapped,
  isLeftScratch,
  scratchName,
} from '../dump.ts'
import { connectSqlite } from './adapter.ts'
import { type SqliteConnection, guarded, openFile } from './connect.ts'

/** Files that SQLite keeps beside a database. One that is left beside another database would be taken for its own and destroy it. */
const BESIDE = ['-wal', '-shm', '-journal']

/** The dumps of the database file at an absolute path. */
export function sqliteDumps(file: string, options: DumpOptions): Dumps {
  const { source } = options
  return {
    engine: 'sqlite',
    fileName: 'database.sqlite',
    holdsRecords: true,
    dump: async (to, read) => {
      const facts = await using(file, source, (live) => {
        const [[mode]] = live.rows('PRAGMA journal_mode') as [[string]]
        live.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`)
        return { journal: mode }
      })
      const structure = await using(to, source, structureOf)
      const adapter = await connectSqlite(to, { source, root: options.root, connectTimeoutMs: 0 })
      const shown = (await connectSqlite(file, { source, root: options.root, connectTimeoutMs: 0 })).describe()
      const description = { ...(await adapter.describe()), database: (await shown).database }
      const result = await adapter.snapshot((snapshot) => read({ description, snapshot }))
      return { isMade: true, structure, facts, warnings: [], result }
    },
    problemOf: async (dump) => {
      try {
        return await using(dump, source, (copy) => {
          const lines = copy.rows('PRAGMA quick_check(1)').map(([line]) => String(line))
          return lines[0] === 'ok' ? undefined : lines.join('; ')
        })
      } catch (error) {
        return (error as Error).message
      }
    },
    scratch: (origin) => makeScratch(file, options, origin),
    sizeBytes: async () => (await stat(file)).size,
    log: (row) =>
      using(file, source, (live) => {
        live.exec(
          'CREATE TABLE IF NOT EXISTS backup_logs (id INTEGER PRIMARY KEY, started TEXT, ended TEXT, status TEXT, archive TEXT, size_bytes INTEGER, message TEXT)',
        )
        live.run(
          'INSERT INTO backup_logs (started, ended, status, archive, size_bytes, message) VALUES (?, ?, ?, ?, ?, ?)',
          [row.started, row.ended, row.status, row.archive, row.sizeBytes, row.message],
        )
      }),
  }
}

async function using<Result>(
  file: string,
  source: string,
  work: (connection: SqliteConnection) => Result,
): Promise<Result> {
  const database = await openFile(file, { source })
  return guarded(database, () => {
    const connection = database.open()
    try {
      return work(connection)
    } finally {
      connection.close()
    }
  })
}

/** Every statement of the catalogue but the tool's own, and the numbers that programs keep in the file's header. */
function structureOf(connection: SqliteConnection): string {
  const statements = connection.rows(
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name NOT IN ('_tandem', 'backup_logs', 'sqlite_sequence') ORDER BY type, name",
  )
  const numbers = ['user_version', 'application_id', 'encoding'].map((name) => connection.rows(`PRAGMA ${name}`)[0])
  return [...numbers, ...statements].map((row) => JSON.stringify(row?.map(String))).join('\n')
}

async function makeScratch(file: string, options: DumpOptions, origin: ScratchOrigin): Promise<ScratchDatabase> {
  const folder = origin.folder ?? path.dirname(file)
  const scratch = path.join(folder, `.${path.basename(file)}.${scratchName()}`)
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) if (isLeftScratch(name)) await rm(path.join(folder, name))
  const drop = (): Promise<void> => removeFiles(scratch)
  try {
    if (origin.dump !== undefined) await copyFile(origin.dump, scratch)
    const adapter = await connectSqlite(scratch, {
      source: options.source,
      root: options.root,
      connectTimeoutMs: 0,
      missing: 'create',
    })
    const swap = (how: SwapOptions): Promise<Swapped> => swapFiles({ file, scratch, options, origin }, how)
    return {
      adapter,
      url: `sqlite:${scratch}`,
      name: scratch,
      warnings: [],
      drop,
      ...(origin.folder === undefined && { swap }),
    }
  } catch (error) {
    await drop()
    if (origin.dump === undefined) throw error
    throw new DamagedError({ path: path.basename(origin.dump) }, (error as Error).message, { cause: error })
  }
}

interface FileSwap {
  readonly file: string
  readonly scratch: string
  readonly options: DumpOptions
  readonly origin: ScratchOrigin
}

/** The former file, whatever is beside it, is renamed first; then the scratch file takes its name. A run that is killed in between leaves no database there, and can be repeated. */
async function swapFiles({ file, scratch, options, origin }: FileSwap, { stamp }: SwapOptions): Promise<Swapped> {
  const holders = await processesHolding([file, `${file}-wal`])
  if (holders.length > 0)
    throw new LockedError(
      `${file} is open in ${holders.length === 1 ? 'process' : 'processes'} ${holders.join(', ')}`,
      {
        hint: 'Stop the programs that use the database, then run it again.',
      },
    )
  const before = await stat(file).catch(() => undefined)
  await endJournal(file, options.source)
  const former = `${file}.before-${stamp}`
  for (const end of [...BESIDE, '']) if (await exists(file + end)) await rename(file + end, former + end)
  if (before !== undefined) {
    await chmod(scratch, before.mode & 0o7777)
    await chown(scratch, before.uid, before.gid).catch(() => undefined) // only root may give a file away
  }
  await syncFile(scratch)
  await rename(scratch, file)
  await syncFile(path.dirname(file))
  if (origin.facts['journal'] === 'wal')
    await using(file, options.source, (live) => live.exec('PRAGMA journal_mode=WAL'))
  if (before === undefined) return { former: undefined, warnings: [] }
  const formerState = {
    open: () => connectSqlite(former, { source: options.source, root: options.root, connectTimeoutMs: 0 }),
    remove: () => removeFiles(former),
  }
  return { former, formerState, warnings: [] }
}

async function removeFiles(file: string): Promise<void> {
  for (const end of ['', ...BESIDE]) await rm(file + end, { force: true })
}

/** Attempts to be alone with a database, between which this process gives up its own former connections. */
const MOST_ATTEMPTS = 20

/**
 * Brings the write-ahead log into the file and ends it, which SQLite does only while nobody else has the database open. A damaged file cannot be brought in order, and stays as it is.
 * The driver closes a connection only when its statements are collected, and the last one to be closed removes the log by its name, which could then be the log of the new file.
 * @throws LockedError when another program has the database open
 */
async function endJournal(file: string, source: string): Promise<void> {
  const database = await openFile(file, { source }).catch((error: unknown) => {
    if (error instanceof LockedError) throw error
    return undefined
  })
  if (database === undefined) return
  for (let attempt = 1; ; attempt++)
    try {
      collectGarbage()
      await sleep(10)
      return guarded(database, () => {
        const live = database.open()
        try {
          live.exec('PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE')
        } finally {
          live.close()
        }
      })
    } catch (error) {
      if (!(error instanceof LockedError)) return
      if (attempt === MOST_ATTEMPTS) throw error
    }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r')
  await handle.sync().catch(() => undefined) // some systems cannot sync a folder
  await handle.close()
}
