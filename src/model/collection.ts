/** What a collection looks like: the engine-neutral description that stands in `collection.json` and that adapters give of a live table. */

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
  /** `kept`: the order of fields in a record is data of the user's and is kept (MongoDB); `sorted`: fields are written sorted by name. */
  readonly order: 'sorted' | 'kept'
}

/** Which file a record is in: one file; by `xxh64(key)`'s top bits; or by an integer key shifted right. */
export type Layout =
  | { readonly kind: 'single' }
  | { readonly kind: 'hash'; readonly bits: number }
  | { readonly kind: 'range'; readonly shift: number }

/** A collection as an adapter is asked to read and write it: its schema without the omitted fields, and the names of those. */
export interface Selection {
  readonly schema: CollectionSchema
  /** Fields that are never read, exported or written (credentials); on update they keep their live value. */
  readonly omit: readonly string[]
  /** Fields that a trigger computes: read, but compared nowhere and not written on update. */
  readonly derived: readonly string[]
}
