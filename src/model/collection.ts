/** The structure of a collection, independent of the engine: as `collection.json` has it, and as adapters read it from a live table. */
/** One field of a declared collection. `type` is our own engine-neutral type name; documents (MongoDB) declare no fields. */
export interface FieldSchema {
  readonly name: string
  readonly type: string
  /** NOT NULL. */
  readonly required?: true
  /** The database hands the value out by itself (serial, identity column, SQLite rowid). */
  readonly serial?: true
}

/** A declared foreign key: `fields` here hold the values of `toFields` in collection `to`. */
export interface Reference {
  readonly fields: readonly string[]
  readonly to: string
  readonly toFields: readonly string[]
  /** Only configured references: it counts in those records whose field `field` has the value `value` (a string as its text, anything else as it is written). */
  readonly when?: { readonly field: string; readonly value: string }
}

/** Structure only: no constraint names, expressions, defaults or column order, so equal structure on two servers gives equal text. */
export interface CollectionSchema {
  /** The true name: `traders`, `sales.orders` (schemas other than public), quoted parts where they hold a dot. */
  readonly name: string
  /** Sorted by name (bytes); generated columns are left out; empty for documents. */
  readonly fields: readonly FieldSchema[]
  /** Field names in key order; empty if the table has no key and none is configured. */
  readonly key: readonly string[]
  /** Unique keys other than the key; each sorted as declared, the list sorted by its text. */
  readonly uniques: readonly (readonly string[])[]
  readonly references: readonly Reference[]
  /** `kept`: the order of fields in a record belongs to the user's data and is exported as it is (MongoDB); `sorted`: fields are exported sorted by name. */
  readonly order: 'sorted' | 'kept'
}

/** How the records of a collection are divided into files: all in one; by the top bits of `xxh64(key)`; or by an integer key shifted right. */
export type Layout =
  | { readonly kind: 'single' }
  | { readonly kind: 'hash'; readonly bits: number }
  | { readonly kind: 'range'; readonly shift: number }

/** What a record that arrives gets in a field that is not exported: a text, a number, true or false, which the adapter turns into a value of the column. */
export type Placeholder = string | number | boolean

/** A collection as an adapter is asked to read and write it: its schema without the omitted fields, and the names of the omitted ones. */
export interface Selection {
  readonly schema: CollectionSchema
  /** Fields that are never read, exported or written (credentials); on update they keep their live value. */
  readonly omit: readonly string[]
  /** Fields that a trigger computes: read, but compared nowhere and not written on update. */
  readonly derived: readonly string[]
  /** Triggers that run when records are applied, besides those that keep an index of the database or compute derived fields; `none`: not even these. */
  readonly triggers?: readonly string[] | 'none'
  /** Omitted field → what a record that arrives gets in it. Records that are there keep their value. */
  readonly placeholders?: ReadonlyMap<string, Placeholder>
}
