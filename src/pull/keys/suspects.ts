/** Fields that hold lost keys although nobody declared them as references: reads the tables in which there may be some, exported or not, and asks what they mean. */
import { knownReferences } from '../../config/references.ts'
import { rulesFor } from '../../config/rules.ts'
import { type LookedAt, keyOwners } from '../../merge/rekeying/field-use.ts'
import { discriminatorOf, measures, resembles } from '../../merge/rekeying/names.ts'
import { type Proposals, proposeReferences } from '../../merge/rekeying/proposals.ts'
import { type Holding, type DisplacedKey, holdings, suspects } from '../../merge/rekeying/suspects.ts'
import { afterChanges } from '../../model/change.ts'
import type { CollectionSchema, FieldSchema } from '../../model/collection.ts'
import type { Records } from '../../model/records.ts'
import { readTables } from '../../source/live.ts'
import type { Source } from '../../source/source.ts'
import { commitReader, readLine, selectionOf } from './reading.ts'
import type { CollisionInput, CollisionWorld } from './world.ts'
import { referencesOf } from './world.ts'

/** The records that lose their key, with those whose key stands for another record from now on. */
export interface LosingKeys {
  /** Live's own records; what refers to them is in live. */
  readonly live: readonly DisplacedKey[]
  /** Records that became one with another; what refers to them may come with the merge. */
  readonly merged: readonly DisplacedKey[]
}

/** What was found: the values that may refer to lost keys, and what could be configured for all fields that could hold keys of their collections. */
export interface Undeclared {
  readonly suspects: readonly Holding[]
  readonly proposals: Proposals
}

const NOTHING: Undeclared = { suspects: [], proposals: new Map() }

/** Reads tables with fields that could hold the lost keys; and where one does, all tables, to propose what could be declared. */
export async function findUndeclared(
  source: Source,
  lost: LosingKeys,
  at: { readonly world: CollisionWorld; readonly input: Pick<CollisionInput, 'merges' | 'live'> },
): Promise<Undeclared> {
  const parents = new Set([...lost.live, ...lost.merged].map(({ collection }) => collection))
  if (parents.size === 0) return NOTHING
  const schemas = source.description.collections.filter((schema) => rulesFor(source.config, schema).key.length > 0)
  const near = schemas.filter((schema) => parents.has(schema.name) || couldHold(source, schema, parents))
  const collections = await lookAt(source, near, at)
  const merged = collections.map((each) => ({ ...each, records: mergedRecords(each, at.input.merges) }))
  const found = [...holdings(collections, lost.live), ...holdings(merged, lost.merged)]
  if (found.length === 0) return NOTHING
  const names = new Set(found.map(({ collection }) => collection.name))
  const reader = commitReader(source)
  const lines = await Promise.all(at.world.commits.map((line) => readLine(reader, line, names)))
  const meant = suspects(found, {
    collections: merged,
    owners: keyOwners(merged),
    lines,
    names: source.description.collections.map(({ name }) => name),
  })
  if (meant.length === 0) return NOTHING
  const all = await lookAt(source, schemas, at)
  const held = new Set(meant.map((each) => each.lost.collection))
  return { suspects: meant, proposals: proposeReferences({ collections: all, parents: held }) }
}

async function lookAt(
  source: Source,
  schemas: readonly CollectionSchema[],
  { world, input }: { readonly world: CollisionWorld; readonly input: Pick<CollisionInput, 'live'> },
): Promise<LookedAt[]> {
  const selections = schemas.map((schema) => selectionOf(source, schema))
  const there = ({ name }: CollectionSchema): Records | undefined =>
    world.collections.get(name)?.live ?? input.live.get(name)
  const others = selections.filter(({ schema }) => there(schema) === undefined)
  const live = await readTables(source, others)
  return selections.map(({ schema }) => lookedAt(source, schema, there(schema) ?? (live.get(schema.name) as Records)))
}

/** A collection of a source, with these records of it. */
export function lookedAt(source: Source, schema: CollectionSchema, records: Records): LookedAt {
  const { key, serialKey: serial } = rulesFor(source.config, schema)
  const known = knownReferences(source.config, schema, source.description.collections)
  return { name: schema.name, key, serial, records, known, references: referencesOf(source, schema) }
}

function mergedRecords({ name, records }: LookedAt, merges: CollisionInput['merges']): Records {
  const [, merge] = [...merges].find(([each]) => each.name === name) ?? []
  return merge === undefined ? records : afterChanges(records, merge.changes)
}

/** True when a field of the table, by its type and name, could hold a key of one of the collections. Documents declare no fields: all of them could. */
function couldHold(source: Source, schema: CollectionSchema, parents: ReadonlySet<string>): boolean {
  if (schema.fields.length === 0) return true
  const { collections } = source.description
  const known = knownReferences(source.config, schema, collections)
  return [...parents].some((parent) => {
    const to = collections.find(({ name }) => name === parent)
    const keyType = to?.fields.find(({ name }) => name === to.key[0])?.type ?? 'any'
    return schema.fields.some(
      (field) => known.get(field.name) !== 'always' && fieldCouldHold(schema, field, { parent, keyType }),
    )
  })
}

function fieldCouldHold(
  schema: CollectionSchema,
  { name, type, serial }: FieldSchema,
  { parent, keyType }: { readonly parent: string; readonly keyType: string },
): boolean {
  if (/^jsonb?$/.test(type)) return true
  const names = schema.fields.map((field) => field.name)
  if (resembles(name, parent) || discriminatorOf(name, names) !== undefined) return true
  if (measures(name) || (serial === true && schema.key.length === 1)) return false
  return kindOfType(type) === 'any' || kindOfType(keyType) === 'any' || kindOfType(type) === kindOfType(keyType)
}

/** Types whose values can be equal as keys. */
function kindOfType(type: string): string {
  if (/^(any|blob)$/.test(type)) return 'any'
  if (/^(small|big)?int(eger)?\d*$|^numeric|^decimal/.test(type)) return 'number'
  return /^(text|varchar|char|citext|name|bpchar|character)/.test(type) ? 'text' : type
}
