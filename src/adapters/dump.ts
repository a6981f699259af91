/**
 * What an engine does for backups besides reading and writing records: its own complete dump of a database, and a scratch database into which a dump is restored and that can take
 * the place of the real one. Separate from the adapter's contract, since only backups use it.
 */
import { randomBytes } from 'node:crypto'
import type { Adapter, Description, Snapshot } from './adapter.ts'

/** The moment of a dump, for reading the records of the same moment. */
export interface DumpedMoment {
  readonly description: Description
  readonly snapshot: Snapshot
}

/** A dump that was made, and the result of reading beside it. */
export interface MadeDump<Result> {
  /** False: the engine's program is not installed here, or too old for the server; there is no file then. */
  readonly isMade: boolean
  /** Text of everything that is no record (tables, indexes, views …). Equal for an equal structure; empty where it is not known. */
  readonly structure: string
  /** What a new database has to be created with, such as its encoding. */
  readonly facts: Readonly<Record<string, string>>
  /** What is missing in the dump, in sentences for people. */
  readonly warnings: readonly string[]
  readonly result: Result
}

/** A row of the table `backup_logs`. */
export interface BackupLogRow {
  /** ISO 8601, UTC. */
  readonly started: string
  readonly ended: string
  /** `done` or `failed`. */
  readonly status: string
  readonly archive: string
  readonly sizeBytes: number
  readonly message: string
}

/** What a scratch database is made from. */
export interface ScratchOrigin {
  /** The dump's file; undefined: an empty database. */
  readonly dump: string | undefined
  readonly facts: Readonly<Record<string, string>>
  /** Where a scratch file may be; undefined: beside the real one, so that it can take its place. */
  readonly folder?: string | undefined
}

export interface SwapOptions {
  /** Ends the sessions of others instead of refusing. */
  readonly disconnect: boolean
  /** `20261201_021500`, for the name of what was there before. */
  readonly stamp: string
}

/** What a swap left behind. */
export interface Swapped {
  /** Where the former database is now; undefined: there was none, or it is only in the backup that was taken before. */
  readonly former: string | undefined
  /** Opens the former database, and removes it when a person or a comparison says so. Absent where it is better left to a person. */
  readonly formerState?: { readonly open: () => Promise<Adapter>; readonly remove: () => Promise<void> }
  readonly warnings: readonly string[]
}

/** A database beside the real one. */
export interface ScratchDatabase {
  readonly adapter: Adapter
  /** With its password, as the real one's. */
  readonly url: string
  /** For people: its file, or the name of its database. */
  readonly name: string
  readonly warnings: readonly string[]
  /** Puts it in the place of the real database; what was there keeps existing under another name. Absent where the engine cannot do that. @throws LockedError while others are at work in the real one */
  readonly swap?: (options: SwapOptions) => Promise<Swapped>
  /** Removes it, if it was not swapped, and closes it. */
  readonly drop: () => Promise<void>
}

/** The dumps of one database. Nothing is connected to before an operation needs it, because the database may be lost. */
export interface Dumps {
  readonly engine: Adapter['engine']
  /** The name of a dump's file. */
  readonly fileName: string
  /** False: the dump has what is no record (indexes, options, views …), and the records come from the portable archive (MongoDB). */
  readonly holdsRecords: boolean
  /**
   * Dumps the whole database into `file`, and runs `read` on the same moment.
   * @throws UnreachableError when the database does not answer; TandemError when the dump fails: there is no half dump then
   */
  dump<Result>(file: string, read: (moment: DumpedMoment) => Promise<Result>): Promise<MadeDump<Result>>
  /** Reads a dump to its end and returns what is wrong with it; undefined: nothing, or the program for it is not installed here. */
  problemOf(file: string): Promise<string | undefined>
  /** Makes a scratch database and restores the dump into it. @throws GuardError when the role may not create one; DamagedError when the dump cannot be restored */
  scratch(origin: ScratchOrigin): Promise<ScratchDatabase>
  /** Makes what a dump without records holds and the real database lacks. Absent where scratch databases are swapped. */
  restoreStructure?(file: string): Promise<void>
  /** The size of the database in bytes. */
  sizeBytes(): Promise<number>
  /** Adds a row to the table `backup_logs` of the database, which is made if need be. */
  log(row: BackupLogRow): Promise<void>
}

/** What the dumps of a database need to know besides its URL. */
export interface DumpOptions {
  /** The name of the source, for messages. */
  readonly source: string
  /** The directory from which relative SQLite paths start. */
  readonly root: string
  /** The environment of the programs that are started. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** How long connecting may take. */
export const DUMP_CONNECT_MS = 10_000

const SCRATCH = 'tandem_scratch_'

/** A new name for a scratch database, with the time in it. */
export function scratchName(): string {
  return `${SCRATCH}${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`
}

/** Longer than any restore: what is older was left by a run that was killed. */
const LEFT_BEHIND_MS = 24 * 3_600_000

/** True for the name of a scratch database that a killed run left behind. */
export function isLeftScratch(name: string): boolean {
  const [, time = ''] = new RegExp(`${SCRATCH}([0-9a-z]+)_[0-9a-f]{8}$`).exec(name) ?? []
  return time !== '' && Date.now() - Number.parseInt(time, 36) > LEFT_BEHIND_MS
}
