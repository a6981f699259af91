/** What HEAD's exports have and the structure of live lacks, as additions that a person can review: new tables, fields and labels. Decides only; reads git and the database. */
import { optionsFor, selectCollections } from '../config/match.ts'
import { selectionFor } from '../config/rules.ts'
import { structureProblems } from '../merge/structure-problems.ts'
import { splitObject, type ValueText } from '../model/canonical.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { UsageError } from '../model/errors.ts'
import { changedSchema, textOf, type SchemaChange, type SchemaStatements } from '../model/schema-change.ts'
import { readRecords, type Committed, type CommittedCollection } from './committed.ts'
import { differenceOf, driftOf } from './drift.ts'
import { movedCollections } from './moved.ts'
import type { Source } from './source.ts'
import { readSyncState } from './sync-state.ts'

export interface StructurePlan {
  readonly source: string
  readonly changes: readonly SchemaChange[]
  readonly statements: SchemaStatements
  /** Collections that differ and that no addition makes equal: name → why, with the next step. */
  readonly refused: ReadonlyMap<string, string>
}

interface Draft {
  readonly changes: SchemaChange[]
  readonly refused: Map<string, string>
}

/** Plans the additions for collections that `commit` moved. `collection`: only this one. @throws DamagedError, UsageError */
export async function planStructure(source: Source, commit: string, collection?: string): Promise<StructurePlan> {
  const draft: Draft = { changes: [], refused: new Map() }
  const state = await source.adapter.readState()
  const moved = (await movedCollections(source, state, { head: commit })).filter(
    ({ name }) => collection === undefined || name === collection,
  )
  const absent = moved.flatMap(({ theirs }) => theirs ?? []).filter(({ schema }) => mayBeMade(source, schema.name))
  planTables(source, { absent, head: moved, known: readSyncState(state).points, draft })
  for (const { name, base, theirs } of moved)
    if (theirs !== undefined && source.selections.has(name)) await planFields(source, { base, head: theirs }, draft)
  return withStatements(source, draft)
}

/** The tables that a database which never met these exports lacks. @throws DamagedError, UsageError */
export async function planMissingTables(source: Source, committed: Committed): Promise<StructurePlan> {
  const draft: Draft = { changes: [], refused: new Map() }
  const absent = [...committed.values()].filter(({ schema }) => mayBeMade(source, schema.name))
  planTables(source, { absent, head: [], known: new Map(), draft })
  return withStatements(source, draft)
}

/** Neither there nor left out. */
function mayBeMade(source: Source, name: string): boolean {
  return (
    !source.selections.has(name) &&
    !source.leftOut.some((left) => left.name === name) &&
    selectCollections(source.config, [name]).included.length > 0
  )
}

interface Tables {
  readonly absent: readonly CommittedCollection[]
  readonly head: readonly { readonly name: string; readonly theirs: CommittedCollection | undefined }[]
  /** Collections that live once agreed on with some commit. */
  readonly known: ReadonlyMap<string, unknown>
  readonly draft: Draft
}

function planTables(source: Source, { absent, head, known, draft }: Tables): void {
  const vanished = head.filter(({ theirs, name }) => theirs === undefined && source.selections.has(name))
  const wanted = new Map(absent.map(({ schema }) => [schema.name, schema]))
  const there = new Map([...source.selections].map(([name, { schema }]) => [name, schema]))
  for (const schema of wanted.values()) {
    const { name } = schema
    const twin = vanished.find((each) => sameFields(source.selections.get(each.name)?.schema, schema))
    const problems = structureProblems(schema, new Map([...there, ...wanted]))
    const reason = known.has(name)
      ? `it was dropped here; to retire it: tandem forget ${source.source}/${name}`
      : twin !== undefined
        ? `${twin.name} has the same fields and is gone from the exports: if it was renamed, rename it here too`
        : problems.join('; ')
    if (reason !== '') draft.refused.set(name, reason)
    else draft.changes.push({ kind: 'create', collection: name, schema: primaryKeyOf(source, schema) })
  }
  dropUntied(draft)
}

function sameFields(a: CollectionSchema | undefined, b: CollectionSchema): boolean {
  return a !== undefined && a.fields.length > 0 && textOf(a.fields) === textOf(b.fields)
}

/** A table whose parent is refused cannot be made either, however far up. */
function dropUntied({ changes, refused }: Draft): void {
  for (;;) {
    const index = changes.findIndex((change) => refusedParent(change, refused) !== undefined)
    const change = changes[index]
    if (change === undefined) return
    refused.set(change.collection, `it refers to ${refusedParent(change, refused)}, which cannot be made`)
    changes.splice(index, 1)
  }
}

function refusedParent(change: SchemaChange, refused: ReadonlyMap<string, string>): string | undefined {
  const references = change.kind === 'create' ? change.schema.references : []
  return references.find(({ to }) => to !== change.collection && refused.has(to))?.to
}

/** A key from the configuration is none of the table's own. */
function primaryKeyOf(source: Source, schema: CollectionSchema): CollectionSchema {
  return optionsFor(source.config, schema.name).key === undefined ? schema : { ...schema, key: [] }
}

async function planFields(
  source: Source,
  at: { readonly base: CommittedCollection | undefined; readonly head: CommittedCollection },
  draft: Draft,
): Promise<void> {
  const { name } = at.head.schema
  const selection = source.selections.get(name)
  if (selection === undefined || driftOf(selection, at) !== 'held') return
  const { additions, obstacles } = differenceOf(selection, at)
  if (obstacles.length > 0 || additions.length === 0) {
    const why = obstacles.length > 0 ? obstacles.join('; ') : 'it differs in a way that this tandem cannot name'
    draft.refused.set(name, `${why}; migrate this database or the other`)
    return
  }
  const filled = await withFills(source, at.head, additions)
  const reason = typeof filled === 'string' ? filled : unfitReason(source, at, filled)
  if (reason === undefined && typeof filled !== 'string') draft.changes.push(...filled)
  else draft.refused.set(name, reason ?? '')
}

/** What additions would not make equal after all: a field that this clone's configuration leaves out, a reference to nothing. */
function unfitReason(
  source: Source,
  at: { readonly base: CommittedCollection | undefined; readonly head: CommittedCollection },
  changes: readonly SchemaChange[],
): string | undefined {
  const { name } = at.head.schema
  const live = source.description.collections.find((schema) => schema.name === name)
  const after = changedSchema(live, changes)
  const problems = structureProblems(after, new Map(source.description.collections.map((each) => [each.name, each])))
  if (problems.length > 0) return problems.join('; ')
  if (driftOf(selectionFor(source.config, after), at) !== 'held') return undefined
  return 'the configuration leaves out a field that the exports have ("omit"); make it the same for both machines'
}

/** Required fields with the value that every record that is here gets; a text: why that is not known. */
async function withFills(
  source: Source,
  head: CommittedCollection,
  changes: readonly SchemaChange[],
): Promise<readonly SchemaChange[] | string> {
  const required = changes.flatMap((change) =>
    change.kind === 'add-field' && change.field.required === true ? [change.field.name] : [],
  )
  if (required.length === 0) return changes
  const records = await readRecords(source, head)
  const fills = new Map(required.map((field) => [field, uniformValue(field, records.values())]))
  const unknown = required.find((field) => fills.get(field) === undefined)
  if (unknown !== undefined)
    return (
      `${unknown} is required, and what it is filled with here is not known: defaults do not travel, and its values in the exports differ; ` +
      'add it here by your migration, with its default'
    )
  return changes.map((change) =>
    change.kind === 'add-field' ? { ...change, fill: fills.get(change.field.name) } : change,
  )
}

/** The one value that all records have: what a migration has just filled in. */
function uniformValue(field: string, records: Iterable<string>): ValueText | undefined {
  const values = new Set<ValueText | undefined>()
  for (const text of records) if (values.add(splitObject(text).get(field)).size > 1) return undefined
  return [...values][0]
}

/** Statements of a draft; where the engine refuses one collection's, that collection is refused and the others go on. */
async function withStatements(source: Source, { changes, refused }: Draft): Promise<StructurePlan> {
  const possible: SchemaChange[] = []
  for (const name of new Set(changes.map(({ collection }) => collection))) {
    const own = changes.filter(({ collection }) => collection === name)
    const reason = await refusalOf(source, own)
    if (reason === undefined) possible.push(...own)
    else refused.set(name, reason)
  }
  dropUntied({ changes: possible, refused })
  const statements = await source.adapter.statements(possible)
  return { source: source.source, changes: possible, statements, refused }
}

async function refusalOf(source: Source, changes: readonly SchemaChange[]): Promise<string | undefined> {
  try {
    await source.adapter.statements(changes)
    return undefined
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`
    throw error
  }
}
