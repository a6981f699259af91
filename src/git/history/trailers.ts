/** The trailers of data commits: what they are called, what they say, and how they are written. commits.ts reads them. */

import { createHash } from 'node:crypto'

/** The id of the export: a new one for each data commit. */
export const TRAILER_EXPORT = 'Tandem-Export'

const TRAILER_ASSET = 'Tandem-Asset'

const TRAILER_CLOCK = 'Tandem-Clock'

/**
 * `<version of the merge rule> <parent>`: by which rule and on which parent the commit was made. After a rebase the commit has another parent than the one named. A merge also
 * names its tree; if a person amends the merge, its tree is another one.
 */
const TRAILER_RULE = 'Tandem-Rule'

/** `source/collection …`: the collections that the commit did not export. */
const TRAILER_HELD = 'Tandem-Held'

/** `<parent> <record> …`: what earlier merges dropped of these records was dropped on purpose. */
const TRAILER_ACCEPT = 'Tandem-Accept'

/** `source/collection/fingerprint …`: of the collections that the commit writes, the unique keys of its machine that `collection.json` does not tell of. */
const TRAILER_UNIQUES = 'Tandem-Uniques'

/** All of them, in the order in which commits.ts reads them. */
export const TRAILERS: readonly string[] = [
  TRAILER_EXPORT,
  TRAILER_ASSET,
  TRAILER_CLOCK,
  TRAILER_RULE,
  TRAILER_HELD,
  TRAILER_ACCEPT,
  TRAILER_UNIQUES,
]

/** The version of the merge rule (docs/convergence.md). */
export const RULE_VERSION = 1

/** What the trailers of a data commit say; times in milliseconds. */
export interface DataTrailers {
  readonly exportId: string
  readonly asset: string
  readonly clock: {
    /** The clock of the parent. */
    readonly since: number
    readonly nowMs: number
    /** True for the first exports of these sources: no write of theirs came before, so the records' own times count, however old. */
    readonly isFirst?: boolean
  }
  readonly parent: string
  readonly names: NamesTold
}

/** What a data commit names. */
export interface NamesTold {
  /** Made by `heldName`: what is not exported; undefined when the commit is no complete export: it then gets no rule trailer. */
  readonly held: readonly string[] | undefined
  /** Made by `recordName`. */
  readonly accepted: readonly string[]
  /** Made by `uniqueName`. */
  readonly uniques: readonly string[]
}

/** The trailers of a data commit, one line each. */
export function dataTrailers(trailers: DataTrailers): string[] {
  const { exportId, asset, parent } = trailers
  const { held, accepted, uniques } = trailers.names
  const { since, nowMs, isFirst } = trailers.clock
  const own = [
    `${TRAILER_EXPORT}: ${exportId}`,
    `${TRAILER_ASSET}: ${asset}`,
    `${TRAILER_CLOCK}: ${isFirst === true ? 0 : since} ${Math.max(nowMs, since + 1)}`,
    // a line for each: tools that check messages limit the length of a line
    ...uniques.map((name) => `${TRAILER_UNIQUES}: ${name}`),
  ]
  if (held === undefined) return own
  own.push(...ruleTrailers({ parent, held }))
  if (accepted.length > 0) own.push(`${TRAILER_ACCEPT}: ${parent} ${accepted.join(' ')}`)
  return own
}

/** The trailers that say by which rule and on which parent a commit was made, and what it held back. With `tree`: the commit is a merge by the tool, whose files are what the rule gives. */
export function ruleTrailers(made: {
  readonly parent: string
  readonly tree?: string
  readonly held: readonly string[]
}): string[] {
  const { parent, tree, held } = made
  const rule = [`${TRAILER_RULE}: ${RULE_VERSION}`, parent, ...(tree === undefined ? [] : [tree])].join(' ')
  return held.length === 0 ? [rule] : [rule, `${TRAILER_HELD}: ${held.join(' ')}`]
}

/** The name of a record in a trailer: one word without spaces, whatever its key contains. */
export function recordName(source: string, collection: string, key: string): string {
  return [source, collection, key].map(encodeURIComponent).join('/')
}

/** The name of a unique key in a trailer. @param definition `OwnUnique.definition` */
export function uniqueName(source: string, collection: string, definition: string): string {
  const fingerprint = createHash('sha256').update(definition).digest('hex').slice(0, 16)
  return `${heldName(source, collection)}/${fingerprint}`
}

/** The name of a collection, or of all collections of a source, in a trailer. */
export function heldName(source: string, collection?: string): string {
  return `${source}/${collection === undefined ? '*' : encodeURIComponent(collection)}`
}
