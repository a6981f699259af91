/**
 * Which values a database takes for equal in its unique and foreign keys. A collation, a type or an expression may make `Ann` and `ann` one value, or 1 and 1.0; only the
 * database knows. These are the questions that a merge puts to it, and the answers. Keys whose equal values always have equal texts are not asked about.
 */
import type { KeyText, RecordText } from './canonical.ts'
import type { CollectionSchema, Reference, Selection } from './collection.ts'

/** A unique key that only the database can compare. */
export interface OwnUnique {
  /** The database's name of it. */
  readonly name: string
  /** The fields of a record that it depends on, sorted by their bytes. */
  readonly fields: readonly string[]
  /** The entry of `CollectionSchema.uniques`, or the key, that this is: it stands in `collection.json`, so every machine has it. */
  readonly declared?: readonly string[]
  /**
   * Of any other one (a partial index, an expression, a generated column), which may be one machine's alone: a text of what it compares, and where. On two machines with one engine the
   * texts are equal if the keys compare the same.
   */
  readonly definition?: string
  /** Such a one that all machines are known to have. */
  readonly isShared?: true
}

/** The keys of one collection of which the database has to be asked. */
export interface OwnKeys {
  /** The key of the collection may be among them. */
  readonly uniques: readonly OwnUnique[]
  /** Of `CollectionSchema.references`. */
  readonly references: readonly Reference[]
  /** The database's names of `CollectionSchema.uniques` that are compared by texts, by `namedUnique`: it can then be asked who has a value. Engines without `mark` leave it out. */
  readonly named?: ReadonlyMap<string, string>
}

/** A unique key as a name in `OwnKeys.named`. */
export function namedUnique(fields: readonly string[]): string {
  return fields.join('\0')
}

/** Which of these records have the same value in a unique key, and which live records have it. */
export interface RecordsQuestion {
  readonly selection: Selection
  /** `OwnUnique.name` */
  readonly unique: string
  readonly records: ReadonlySet<RecordText>
}

/** Records in one class clash. The names of the classes mean nothing and are others in each answer. */
export interface RecordClasses {
  /** For every record of the question its class; undefined where it clashes with none, as with NULL or outside a partial index. */
  readonly classes: ReadonlyMap<RecordText, string | undefined>
  /** Class → keys of the live records in it. */
  readonly holders: ReadonlyMap<string, readonly KeyText[]>
}

/** Which of these values are equal in a foreign key. Values are texts that `tupleOf` makes: a JSON array with a value for each field. */
export interface ValuesQuestion {
  readonly child: CollectionSchema
  readonly parent: CollectionSchema
  readonly reference: Reference
  /** Values of `reference.fields`. */
  readonly children: ReadonlySet<string>
  /** Values of `reference.toFields`. */
  readonly parents: ReadonlySet<string>
}

/** Value → class; a child and a parent with equal values are in one class. Every value of the question has one, and so has every value of live records that equals one of them. */
export interface ValueClasses {
  readonly children: ReadonlyMap<string, string>
  readonly parents: ReadonlyMap<string, string>
}

/** What is known of a source's own equality while a merge is made sound. */
export interface KeyEquality {
  /** By collection. */
  readonly keys: ReadonlyMap<string, OwnKeys>
  /** Answers, by the name that the merge gave the question. */
  readonly uniques: ReadonlyMap<string, RecordClasses>
  readonly references: ReadonlyMap<string, ValueClasses>
}

/** Where every key is compared by the texts of its values. */
export const TEXT_EQUALITY: KeyEquality = { keys: new Map(), uniques: new Map(), references: new Map() }

/** A question that a merge needs answered; it grows from one call to the next, and is then asked again as a whole. */
export interface NeededRecords {
  readonly collection: string
  readonly unique: string
  readonly records: Set<RecordText>
}

export interface NeededValues {
  readonly child: string
  readonly reference: Reference
  readonly children: Set<string>
  readonly parents: Set<string>
}
