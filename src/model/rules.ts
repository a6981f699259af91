/** How the records of one collection merge: the configured rules with their defaults. */
/** How an array merges: `set`: its elements are members of a set; `keyed`: its elements are documents matched by this field. */
export type ArrayRule = 'set' | { readonly keyed: string }

/** The merge rules of one collection. */
export interface MergeRules {
  readonly collection: string
  readonly key: readonly string[]
  /** Fields by which a record that both sides added under different keys is recognised as one; undefined: none configured. */
  readonly identity: readonly string[] | undefined
  /** The field that holds a record's own time; undefined: none. */
  readonly newest: string | undefined
  /** Fields that are taken from one side together, and whose conflicts are always reported. */
  readonly critical: readonly string[]
  /** Array fields (or paths) that merge by element. */
  readonly arrays: Readonly<Record<string, ArrayRule>>
  /** Number fields that merge by adding both sides' changes. */
  readonly counters: readonly string[]
  /** Fields that the database computes: a difference in them is no difference of the record. */
  readonly derived: readonly string[]
  /** IANA name of the time zone for times that state none. */
  readonly zone: string
  /** True when the key is a single number that each database hands out by itself: two databases may then give the same number to different records. */
  readonly serialKey: boolean
  readonly order: 'sorted' | 'kept'
  /** Fields whose type is `jsonb`: objects in them are written as PostgreSQL writes them (short names first, `", "` and `": "`). */
  readonly jsonbFields: readonly string[]
}

/** Who wrote a side, and the interval in which its writes were made, from `Tandem-Clock: <since> <at>`: milliseconds since 1970, and `since` is smaller than `at`. */
export interface WriterStamp {
  readonly asset: string
  readonly since: number
  readonly at: number
}
