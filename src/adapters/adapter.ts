/**
 * The contract that every database engine fulfils. An adapter knows its engine and nothing of git, files, merging or the terminal. It reads all records of one moment
 * as canonical texts, and applies a plan atomically. `test/contract` runs one suite against all adapters on real servers.
 *
 * The folder of an engine, in the order in which to open its files:
 *
 *     adapter.ts     each operation of the contract, and the function that does it
 *     connect.ts     from a URL to a connection, and from the driver's errors to ours (PostgreSQL: also session.ts, transactions, and failure.ts, errors)
 *     describe.ts    `describe`: from the catalogue to collections (SQLite: catalog.ts, PostgreSQL: table.ts and types.ts read the catalogue)
 *     snapshot.ts    `snapshot`: reading records (PostgreSQL: through copy.ts, SQLite: row-reader.ts)
 *     values.ts      from the database's values to canonical text and back (PostgreSQL: also decode.ts and row-writer.ts; MongoDB: decode.ts, encode.ts and record.ts on BSON bytes)
 *     apply.ts       `apply`: the steps of applying a plan (MongoDB: then transaction.ts, or journaled.ts with journal.ts and recover.ts)
 *     load.ts        filling empty tables as a whole (SQL engines)
 *     prepare.ts     a plan's changes, checked and ready to be written (PostgreSQL: stage.ts, in temporary tables, and compare.ts)
 *     write.ts       writing them (SQLite: refusals.ts, PostgreSQL: violation.ts find the records that a constraint refuses; MongoDB: wire.ts sends bytes)
 *     foreign-keys.ts, triggers.ts    checking the former and switching off the latter meanwhile (SQL engines)
 *     watermark.ts   `mark`, `writtenSince` (SQLite: written-pages.ts, by pages.ts; MongoDB: snapshot.ts, by runs.ts)
 *     own-keys.ts    `ownKeys`: which unique and foreign keys only the database can compare; equal-records.ts and equal-values.ts put the questions to it
 *     structure.ts   `statements`: additions to the structure (PostgreSQL: also change-structure.ts, enum-types.ts and type-text.ts)
 *     state.ts       `readState`, `writeState`: the tool's own texts inside the database
 *     trigger-effects.ts  `triggers` (SQL engines)
 *     defaults.ts    `defaults`; keys.ts (SQLite), sequences.ts (PostgreSQL): `nextKeys`
 *
 * What engines have in common is beside this file.
 */
import type { KeyText, ValueText } from '../model/canonical.ts'
import type { ApplyOutcome, ApplyPlan, LiveRecord, StateChanges } from '../model/change.ts'
import type { CollectionSchema, Selection } from '../model/collection.ts'
import type { OwnKeys, RecordClasses, RecordsQuestion, ValueClasses, ValuesQuestion } from '../model/key-equality.ts'
import type { RecordBlock } from '../model/packed-records.ts'
import type { SchemaChange, SchemaStatements } from '../model/schema-change.ts'

/** What an engine can do; code that handles every engine asks this and never which engine it is. */
export interface Capabilities {
  /** A plan is one transaction of the server. Otherwise, or where a plan is too large for one (MongoDB), a write-ahead journal inside the database makes it atomic. */
  readonly transactions: boolean
  /** Collections declare their fields, as tables do. Otherwise any record may have any field, as in documents. */
  readonly declaredFields: boolean
  /** Empty tables are filled as a whole (`ApplyPlan.loads`), without all records in memory. */
  readonly loads: boolean
  /** All collections of a snapshot show the same moment, also while others write. */
  readonly concurrentSnapshot: boolean
}

/** A table or view of the database that cannot be exported, and the reason, for people. */
export interface LeftOut {
  readonly name: string
  readonly reason: string
  /** True for a table that could be exported elsewhere: where the exports have it, it is held here for this reason. */
  readonly isHeld?: true
}

/** A trigger that writes more than the row for which it fires, as far as its text tells. */
export interface TriggerEffect {
  readonly name: string
  /** The collection on whose table it stands. */
  readonly collection: string
  /** The other tables that it writes, virtual ones among them. */
  readonly writes: readonly string[]
  /** Fields of its own row that it computes and that no person writes (text vectors). */
  readonly fills: readonly string[]
  /** All that it writes is an index of the database: full-text search, R*Tree. */
  readonly keepsIndex: boolean
}

/** What a database contains, as its catalogue says. */
export interface Description {
  /** All collections that can be exported, sorted by the bytes of their names. The tool's own tables are not among them. */
  readonly collections: readonly CollectionSchema[]
  /** Collection → its fields in the order of the table's columns, which is no part of its structure. Empty where collections declare no fields. */
  readonly columns: ReadonlyMap<string, readonly string[]>
  /** Views, partitions, and foreign, temporary and system tables, for example. Sorted like the collections. */
  readonly leftOut: readonly LeftOut[]
  /** Collection → fields to which every new record has to give a value: they are required and have no default (MongoDB: required by the validator). Sorted by name; collections without such fields are left out. */
  readonly mandatory: ReadonlyMap<string, readonly string[]>
  /** The database's name for people and the report: `telegram`, `data/app.db`. It contains no password. */
  readonly database: string
  /** The server's name and version, for `doctor`: `PostgreSQL 15.18`. */
  readonly server: string
}

/** Every record with a write after a mark is among `records`; records that were not changed may be too. What is gone shows only in the count. */
export interface WrittenSince {
  readonly records: readonly LiveRecord[]
  /** The number of all records now. */
  readonly count: number
  /** The keys of all records now, to be read before the snapshot ends. */
  readonly keys: () => AsyncIterable<readonly KeyText[]>
  /** The mark of this moment. */
  readonly mark: string
}

/** One moment of the database. It can be used only inside the callback of `Adapter.snapshot`. */
export interface Snapshot {
  /** All records of a collection in batches, in any order. One collection has to be read to its end, or left, before the next. */
  records(selection: Selection): AsyncIterable<readonly LiveRecord[]>
  /** Like `records`, as bytes. Engines that have them on their way to text. */
  blocks?(selection: Selection): AsyncIterable<RecordBlock>
  /** The number of records. */
  count(schema: CollectionSchema): Promise<number>
  /** A text that marks this moment of a collection for `writtenSince`; undefined where the engine cannot tell later what was written, or not of this collection. MongoDB marks what `records` has read. */
  mark(selection: Selection): Promise<string | undefined>
  /** What was written since a mark; undefined when the mark tells nothing any more, because the table's structure, the server or its history is another one now. */
  writtenSince(selection: Selection, mark: string): Promise<WrittenSince | undefined>
  /** A name by which another program of the engine can read the same moment while this one lasts; to be asked for before any records (PostgreSQL, for `pg_dump`). */
  share?(): Promise<string>
  /** The tool's texts inside the database at the same moment, by name. */
  readonly state: ReadonlyMap<string, string>
}

/**
 * One open database. Any operation may throw UnreachableError when the server does not answer, and UsageError when the role lacks a privilege or the database is not
 * what the arguments say; further errors are named where they are thrown.
 */
export interface Adapter {
  readonly engine: 'sqlite' | 'postgres' | 'mongodb'
  readonly capabilities: Capabilities

  /** What the database contains now. */
  describe(): Promise<Description>

  /** Runs `read` on one moment of the database, read-only, and returns what it returns. */
  snapshot<Result>(read: (snapshot: Snapshot) => Promise<Result>): Promise<Result>

  /**
   * Applies the plan atomically. Additions to the structure come first, in the same transaction where the engine can do that (see `SchemaStatements`), and must give
   * the structure that they promise. Then every record of the plan is checked to be still `before`; all changes are written without the user's triggers, which could,
   * for one, set a new `updated_at`; every written row is read back and compared with `after`, derived fields apart; the state is written; and then it commits.
   * Sequences are advanced past inserted numbers, and foreign keys hold at the end. After a deadlock or a serialisation failure it is tried again.
   * @throws UndoneError when a written row does not read back as planned (trigger, rule, row-level security, cast), naming collection, key and field; nothing is changed
   * @throws LockedError when others keep the records or the database locked
   */
  apply(plan: ApplyPlan): Promise<ApplyOutcome>

  /**
   * The statements that make additions to the structure, for people to review; `apply` runs the same ones. Names and literals in them are quoted, and types come from
   * a closed list. Changes nothing.
   * @throws UsageError naming what this engine cannot make from an export, such as an unknown type or a name that it does not take
   */
  statements(changes: readonly SchemaChange[]): Promise<SchemaStatements>

  /** Field → the default value of its column as a record would hold it. Defaults that are expressions are left out. */
  defaults(schema: CollectionSchema): Promise<ReadonlyMap<string, ValueText>>

  /** The triggers that write more than the row for which they fire, for people. */
  triggers(): Promise<readonly TriggerEffect[]>

  /**
   * Runs `work` while nobody else can write to these collections, and returns what it returns. `work` gets an adapter whose `apply`, `writeState` and `nextKeys` write
   * in one transaction, which is committed when `work` returns and rolled back when it throws. Other programs have to wait meanwhile, so this is for short work: for a
   * plan that became stale again and again because others wrote. MongoDB cannot keep others from writing; there `work` runs without that.
   */
  exclusively<Result>(
    collections: readonly CollectionSchema[],
    work: (adapter: Adapter) => Promise<Result>,
  ): Promise<Result>

  /** The keys of these collections, and their references to each other, in which equal values may have different texts, so that only the database can compare them; by collection. */
  ownKeys(selections: readonly Selection[]): Promise<ReadonlyMap<string, OwnKeys>>

  /** Which of these records clash in one of the `ownKeys`, and with which live records. Looks the values up in the key's index; changes nothing that others can see. */
  equalRecords(question: RecordsQuestion): Promise<RecordClasses>

  /** Which of these values are equal in a reference of `ownKeys`, and which live values are equal to them. */
  equalValues(question: ValuesQuestion): Promise<ValueClasses>

  /** The tool's texts inside the database, by name; empty when the tool has written none. Creates nothing. */
  readState(): Promise<ReadonlyMap<string, string>>

  /**
   * Writes some of the tool's texts if all of `expected` are still so and returns true; otherwise writes nothing and returns false. Creates the tool's table on first use.
   * @throws UsageError with the statements an owner must run when the role may not create it
   */
  writeState(changes: StateChanges, expected: StateChanges): Promise<boolean>

  /**
   * Takes `count` new numbers for the single serial key of `schema`, each greater than `above`, from the database's own sequence where it has one. Each is returned as the
   * ValueText that a record would hold. @throws UsageError when there is no such key, or no number is left
   */
  nextKeys(schema: CollectionSchema, count: number, above: bigint): Promise<readonly string[]>

  /** Removes everything that the tool keeps inside the database. */
  dropState(): Promise<void>

  /** Closes all connections. */
  close(): Promise<void>
}

/** Which new key numbers are asked for: `count` of them, each greater than `above`. */
export interface WantedKeys {
  readonly count: number
  readonly above: bigint
}

/** What `openAdapter` has to know besides the URL. */
export interface ConnectOptions {
  /** How long connecting may take; hooks use 2,000, commands 10,000. */
  readonly connectTimeoutMs: number
  /** The name of the source, for messages. */
  readonly source: string
  /** The directory from which relative SQLite paths start: the repository's root. */
  readonly root: string
  /** What to do when an SQLite file is missing: create it, or act as if it existed and were empty. Default: throw UnreachableError. */
  readonly missing?: 'create' | 'pretend'
}
