/**
 * What an engine tells the shared suite about itself: how to open a database of its own, the statements that set each scene, and the texts that must come out.
 * A member left out means that the engine has no such thing (documents have no triggers); the suite then does not define those tests.
 */
import type { Adapter } from '../../src/adapters/adapter.ts'
import type { KeyText, RecordText } from '../../src/model/canonical.ts'
import type { CollectionSchema } from '../../src/model/collection.ts'

/** Statements in the engine's own language: SQL, or database commands as Extended JSON text. The engine's `run` understands them. */
export type Statements = readonly string[]

/** A fresh, empty database for one test. */
export interface ContractDatabase {
  readonly adapter: Adapter
  /** Runs statements one after the other as another client of the database, outside the adapter; each is committed. */
  readonly run: (statements: Statements) => Promise<void>
  /** One more adapter on the same database, as another process would have; closed with the database. */
  readonly another: () => Promise<Adapter>
  /** Closes all adapters and removes the database. */
  readonly close: () => Promise<void>
}

/** A record of the collection `people`; every person has a name and an email of its own. */
export interface Person {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly note?: string | undefined
}

/**
 * The collection `people`, which most tests use: its key (`keyField`) is a 32-bit number the database can hand out itself where it can do so, `name`
 * and `note` are text that may be missing, `email` is text that may be missing and is unique.
 */
export interface PeopleFixture {
  readonly keyField: 'id' | '_id'
  readonly setup: Statements
  /** Inserts a person. */
  insert(person: Person): Statements
  /** Sets one text field of a person. */
  set(id: number, field: 'name' | 'email' | 'note', value: string): Statements
  remove(id: number): Statements
}

/** Everything the engine can store that is easily lost. */
interface ValuesFixture {
  readonly collection: string
  /** Creates the collection, empty. */
  readonly setup: Statements
  /** Fills it, in the engine's own language. */
  readonly fill: Statements
  /** The exact records that must then be read, in any order. */
  readonly records: readonly RecordText[]
  /** True if every field but the key may be missing; then records are also emptied and filled again by updates. */
  readonly mayBeMissing?: true
}

/** Structure in all its variety, and how it must be described. */
interface DescriptionFixture {
  readonly setup: Statements
  readonly collections: readonly CollectionSchema[]
  /** Names that must be listed as left out, each with some reason. */
  readonly leftOut: readonly string[]
}

/** User triggers on `people` that set `note` to `fired` on every insert and every update of a name, and forbid or log deletes. */
export interface TriggerFixture {
  /** To be run after `people.setup`. */
  readonly setup: Statements
}

/** Collections `parents` (id, name) and `children` (id, name, parent_id → parents, ON DELETE CASCADE); ids are 32-bit numbers, names text. */
export interface FamilyFixture {
  readonly setup: Statements
  /** Inserts parent 1 `P` and child 10 `C` of parent 1. */
  readonly fill: Statements
  /** The role cannot switch the database's own check of references off. */
  readonly enforced?: true
}

/** Collections `left` (id, right_id → right, required) and `right` (id, left_id → left, required), checked immediately where the engine can choose. */
export interface CycleFixture {
  readonly setup: Statements
}

/** A record that some constraint refuses which the merge cannot see. */
export interface CheckFixture {
  readonly collection: string
  readonly setup: Statements
  readonly key: string
  readonly record: RecordText
  /** Must match the outcome's `constraint`. */
  readonly constraint: RegExp
}

/** A record that the database would take, but change: a conversion by the column's type, a rule … */
export interface ConversionFixture {
  readonly collection: string
  readonly setup: Statements
  readonly key: string
  readonly record: RecordText
  /** The field that reads back differently. */
  readonly field: string
}

/** `people`'s key is handed out by the database. */
export interface SerialFixture {
  /** Inserts a person called `Own` (email `own<n>@example.org`) without giving a key; `n` makes the email unique. */
  insertWithoutKey(n: number): Statements
}

/** A unique key that only the database can compare. */
export interface OwnUniqueFixture {
  readonly collection: string
  /** Its `OwnUnique.fields`. */
  readonly fields: readonly string[]
  /** Records that clash with each other, and with the live record of `holder` where there is one; those of two groups do not clash. */
  readonly groups: readonly { readonly records: readonly RecordText[]; readonly holder?: KeyText }[]
  /** Records that clash with none. */
  readonly free?: readonly RecordText[]
}

/** A reference that only the database can compare. */
export interface OwnReferenceFixture {
  readonly child: string
  readonly parent: string
  /** Values that are equal; those of two groups are not. `liveChildren` and `liveParents` are those that the database holds besides. */
  readonly groups: readonly {
    readonly children: readonly string[]
    readonly parents: readonly string[]
    readonly liveChildren?: readonly string[]
    readonly liveParents?: readonly string[]
  }[]
}

/** Keys in which values with different texts are equal, and keys that can be compared by texts. */
export interface EqualityFixture {
  readonly setup: Statements
  readonly uniques: readonly OwnUniqueFixture[]
  readonly references: readonly OwnReferenceFixture[]
  /** Collections without any own key. */
  readonly plain: readonly string[]
}

export interface ContractEngine {
  /** The engine and its server: `SQLite`, `PostgreSQL 15.18`. */
  readonly name: string
  /** Whether collections declare their fields (tables) or take any (documents). */
  readonly fields: 'declared' | 'free'
  readonly open: () => Promise<ContractDatabase>
  readonly people: PeopleFixture
  readonly values: ValuesFixture
  readonly description: DescriptionFixture
  readonly triggers?: TriggerFixture
  readonly family?: FamilyFixture
  readonly cycle?: CycleFixture
  readonly check?: CheckFixture
  readonly conversion?: ConversionFixture
  readonly serial?: SerialFixture
  readonly equality: EqualityFixture
}
