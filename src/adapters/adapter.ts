/**
 * The contract every database engine fulfils. An adapter knows its engine and nothing of git, files, merging or the terminal; it reads a consistent snapshot as
 * canonical records and performs a plan atomically. `test/contract` runs one suite against all of them on real servers.
 */
import type { ApplyOutcome, ApplyPlan, LiveRecord, StateChanges } from '../model/change.ts'
import type { CollectionSchema, Selection } from '../model/collection.ts'
import type { SchemaChange, SchemaStatements } from '../model/schema-change.ts'
import type { ValueText } from '../model/canonical.ts'

export interface Capabilities {
  /** A plan of any size is one transaction of the server; otherwise a write-ahead journal inside the database makes it atomic. */
  readonly transactions: boolean
  /** Collections declare their fields (tables); otherwise any record may have any field (documents). */
  readonly declaredFields: boolean
  /** All collections of a snapshot show one moment, also while others write. */
  readonly concurrentSnapshot: boolean
}

/** A table or view of the database that cannot be or is not by default exported, and why, in words for people. */
export interface LeftOut {
  readonly name: string
  readonly reason: string
}

export interface Description {
  /** Everything that can be exported, sorted by name (bytes). The tool's own tables are not among them. */
  readonly collections: readonly CollectionSchema[]
  /** Views, foreign, temporary, extension-owned and system tables, partition children … */
  readonly leftOut: readonly LeftOut[]
  /** For people and the report: `telegram`, `data/app.db`. Never a password. */
  readonly database: string
  /** For `doctor`: `PostgreSQL 15.18`. */
  readonly server: string
}

/** One moment of the database. Only valid inside the callback of `Adapter.snapshot`. */
export interface Snapshot {
  /** All records of a collection in batches, in any order. */
  records(selection: Selection): AsyncIterable<readonly LiveRecord[]>
  /** Number of records. */
  count(schema: CollectionSchema): Promise<number>
  /** The tool's state texts, read in the same moment. */
  readonly state: ReadonlyMap<string, string>
}

export interface Adapter {
  readonly engine: 'sqlite' | 'postgres' | 'mongodb'
  readonly capabilities: Capabilities

  /** What is there now. @throws UnreachableError */
  describe(): Promise<Description>

  /** Runs `read` on one consistent moment of the database (read-only) and returns what it returns. */
  snapshot<Result>(read: (snapshot: Snapshot) => Promise<Result>): Promise<Result>

  /**
   * Performs the plan atomically: every touched record is first checked to be still `before`, all changes are written without the user's triggers, every written
   * row is read back and compared with `after` (derived fields apart), state is written, then it commits. Timestamps are never bumped, sequences are advanced
   * past inserted numbers, foreign keys hold at the end. Additions to the structure come first, in the same transaction, and must give what they promise. Retries on deadlock and serialisation failures by itself.
   * @throws UndoneError when a written row does not read back as planned (trigger, rule, row-level security, cast), naming collection, key and field; nothing is changed
   */
  apply(plan: ApplyPlan): Promise<ApplyOutcome>

  /**
   * The statements that make additions to the structure, for people to review; `apply` runs the same ones. Identifiers and literals are quoted, types come from a
   * closed list. Changes nothing.
   * @throws UsageError naming what this engine cannot make from an export: an unknown type, a name it does not take
   */
  statements(changes: readonly SchemaChange[]): Promise<SchemaStatements>

  /** What the columns' defaults fill in, where they are literals: field → value as a record would hold it. Expressions are left out. */
  defaults(schema: CollectionSchema): Promise<ReadonlyMap<string, ValueText>>

  /**
   * Runs `work` while nobody else can write into these collections, with an adapter whose `apply`, `writeState` and `nextKeys` belong to that: what they did stays
   * when `work` returns, and is taken back when it throws. Programs wait meanwhile, so it is for short work, and for a plan that they made stale before. MongoDB
   * cannot keep writers out: there `work` runs as it is.
   */
  exclusively<Result>(
    collections: readonly CollectionSchema[],
    work: (adapter: Adapter) => Promise<Result>,
  ): Promise<Result>

  /** The tool's state texts; empty when the tool was never here. Creates nothing. Finishes or rolls back an interrupted journal first. */
  readState(): Promise<ReadonlyMap<string, string>>

  /** Writes state texts if all of `expected` still hold; false if not. Creates the tool's own table on first use. @throws UsageError with the statements an owner must run when creating it is not permitted */
  writeState(changes: StateChanges, expected: StateChanges): Promise<boolean>

  /** Takes `count` new numbers for the single serial key of `schema`, each greater than `above`, from the database's own sequence where it has one. Texts of ValueText form. */
  nextKeys(schema: CollectionSchema, count: number, above: bigint): Promise<readonly string[]>

  /** Removes everything the tool keeps inside the database. */
  dropState(): Promise<void>

  close(): Promise<void>
}

/** Told to `openAdapter`. */
export interface ConnectOptions {
  /** Give up connecting after this long; hooks use 2,000, commands 10,000. */
  readonly connectTimeoutMs: number
  /** For messages: the name of the source. */
  readonly source: string
  /** Directory that relative sqlite paths start from (the repository's root). */
  readonly root: string
  /** What to do where an SQLite file is missing: make it, or act as if it were there and empty. Default: UnreachableError. */
  readonly missing?: 'create' | 'pretend'
}
