/** References that nobody declared, proposed from the data before two machines give one number away. Reads a part of each table; decides nothing. */
import { rulesFor } from '../../config/rules.ts'
import { type ProposedEntry, proposalText, proposeReferences } from '../../merge/rekeying/proposals.ts'
import { readTables } from '../../source/live.ts'
import type { Source } from '../../source/source.ts'
import { selectionOf } from './reading.ts'
import { lookedAt } from './suspects.ts'

/** Keys that are read of each table, and records whose fields are looked at: enough to tell what a field holds, and over in seconds whatever the size. */
const MOST_KEYS = 50_000

const MOST_RECORDS = 2_000

/** Entries for the option `references`. */
export interface Proposed {
  readonly entries: Readonly<Record<string, Readonly<Record<string, ProposedEntry>>>>
  /** As they stand below `collections` in the configuration. */
  readonly text: string
}

/** Proposals for fields that could hold keys which two machines may give to different records. */
export async function proposedFor(source: Source): Promise<Proposed | undefined> {
  const schemas = source.description.collections.filter(
    (schema) =>
      rulesFor(source.config, schema).key.length > 0 && !source.leftOut.some(({ name }) => name === schema.name),
  )
  const mayChange = schemas.filter((schema) => {
    const { serialKey, identity, order } = rulesFor(source.config, schema)
    return serialKey || identity !== undefined || order === 'kept'
  })
  if (mayChange.length === 0) return undefined
  const selections = schemas.map((schema) => selectionOf(source, schema))
  const records = await readTables(source, selections, MOST_KEYS)
  const collections = selections.map(({ schema }) => lookedAt(source, schema, records.get(schema.name) ?? new Map()))
  const parents = new Set(mayChange.map(({ name }) => name))
  const proposals = proposeReferences({ collections, parents, most: MOST_RECORDS })
  if (proposals.size === 0) return undefined
  const entries = [...proposals].map(([name, fields]) => [name, Object.fromEntries(fields)] as const)
  return { entries: Object.fromEntries(entries), text: proposalText(proposals) }
}
