/** What an examination of a schema finds: one line that says what would happen to the data, and the entry of the configuration that answers it. */
export interface Finding {
  /** 0 is the worst: what cannot be taken back, then what loses records, then what merges otherwise than one would think. */
  readonly rank: number
  readonly line: string
  /** To be pasted into the source's part of tandem.config.json; undefined where the answer is in the database. */
  readonly paste: string | undefined
}

/** The entry of one collection, as JSON. */
export function entryFor(collection: string, options: Readonly<Record<string, unknown>>): string {
  return `"collections": {${JSON.stringify(collection)}: ${JSON.stringify(options)}}`
}
