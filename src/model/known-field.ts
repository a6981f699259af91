/** A field of which somebody has said whether it holds keys of a collection: in all records, or in those whose field `by` has one of these values (or none). */
export type KnownField = 'always' | { readonly by: string; readonly values: ReadonlySet<string> }
