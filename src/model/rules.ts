/** How the records of one collection merge: the configured rules, resolved. */

export type ArrayRule = 'set' | { readonly keyed: string }

export interface MergeRules {
  readonly collection: string
  readonly key: readonly string[]
  /** Fields that recognise the same new record added on both sides; undefined: none configured. */
  readonly identity: readonly string[] | undefined
  /** The field that holds a record's own time; undefined: none. */
  readonly newest: string | undefined
  /** Fields that move as one group and are always reported. */
  readonly critical: readonly string[]
  /** Array fields (or paths) that merge by element. */
  readonly arrays: Readonly<Record<string, ArrayRule>>
  /** Number fields that merge by adding both sides' changes. */
  readonly counters: readonly string[]
  /** Compared nowhere. */
  readonly derived: readonly string[]
  /** IANA zone of times that state none. */
  readonly zone: string
  /** The key is a single number that each database hands out by itself: the same number may stand for two records. */
  readonly serialKey: boolean
  readonly order: 'sorted' | 'kept'
  /** Fields whose type is `jsonb`: objects in them are written as PostgreSQL writes them (short names first, `", "` and `": "`). */
  readonly jsonbFields: readonly string[]
}

/** Who wrote a side, and the interval its writes lie in: milliseconds since 1970, from `Tandem-Clock: <since> <at>`; since < at. */
export interface WriterStamp {
  readonly asset: string
  readonly since: number
  readonly at: number
}
