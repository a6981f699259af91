/** Plans the additions that live's structure needs to match HEAD's exports (new tables, fields and enum labels), for a person to review. Reads git and the database; writes nothing. */
import { optionsFor, selectCollections } from '../config/match.ts'
import { selectionFor } from '../config/rules.ts'
import { type Committed, type CommittedCollection, readRecords } from '../exports/committed.ts'
import { structureProblems } from '../merge/structure-problems.ts'
import { type ValueText, splitObject } from '../model/canonical.ts'
import type { CollectionSchema } from '../model/collection.ts'
import { UsageError } from '../model/errors.ts'
import { type SchemaChange, type SchemaStatements, changedSchema, textOf } from '../model/schema-change.ts'
import type { Source } from '../source/source.ts'
import { readSyncState } from '../source/sync-state.ts'
import { changedCollections } from '../sync-point/changed-collections.ts'
import { inColumnOrder } from './column-order.ts'
import { differenceOf, driftOf } from './drift.ts'

export interface StructurePlan {
  readonly source: string
  readonly changes: readonly SchemaChange[]
  readonly statements: SchemaStatements
  /** Collections whose difference no addition can remove: name → why, and what to do next. */
  readonly refused: ReadonlyMap<string, string>
}

/** The plan as it grows, before the engine made statements of it. */
interface Draft {
  readonly changes: SchemaChange[]
  readonly refused: Map<string, string>
}

/** Plans the additions for the collections changed by `commit` since live's sync points. @param collection only this one; undefined: all @throws DamagedError, UsageError */
export async function planStructure(source: Source, commit: string, collection?: string): Promise<StructurePlan> {
  const draft: Draft = { changes: [], refused: new Map() }
  const state = await source.adapter.readState()
  const changed = (await changedCollections(source, state, { head: commit })).filter(
    ({ name }) => collection === undefined || name === collection,
  )
  const absent = changed.flatMap(({ theirs }) => theirs ?? []).filter(({ schema }) => mayBeMade(source, schema.name))
  planTables(source, { absent, head: changed, known: readSyncState(state).points, draft })
  for (const { name, base, theirs } of changed)
    if (theirs !== undefined && source.selections.has(name)) await planFields(source, { base, head: theirs }, draft)
  return withStatements(source, { ...draft, changes: await inColumnOrder(source, commit, draft.changes) })
}

/** Plans the tables that live lacks, for a database that was never in step with these exports. @throws DamagedError, UsageError */
export async function planMissingTables(
  source: Source,
  { commit, committed }: { readonly commit: string | undefined; readonly committed: Committed },
): Promise<StructurePlan> {
  const draft: Draft = { changes: [], refused: new Map() }
  const absent = [...committed.values()].filter(({ schema }) => mayBeMade(source, schema.name))
  planTables(source, { absent, head: [], known: new Map(), draft })
  return withStatements(source, { ...draft, changes: await inColumnOrder(source, commit, draft.changes) })
}

/** Plans the collections that live lacks and has no sync point of, where they need no declaration. @throws DamagedError */
export async function planUndeclared(source: Source, committed: Committed): Promise<StructurePlan> {
  const draft: Draft = { changes: [], refused: new Map() }
  const { points } = readSyncState(await source.adapter.readState())
  const absent = [...committed.values()].filter(
    ({ schema }) => mayBeMade(source, schema.name) && !points.has(schema.name),
  )
  planTables(source, { absent, head: [], known: points, draft })
  return withStatements(source, draft)
}

/** True when live does not have the collection and the configuration does not exclude it. */
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
  /** Collections that have a sync point, so live once had them. */
  readonly known: ReadonlyMap<string, unknown>
  readonly draft: Draft
}

/** Adds to the draft the absent tables, or why one of them cannot be made: it was dropped here, seems renamed, or has a structure that cannot be made. */
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

/** A table whose parent is refused cannot be made either, however far up. It ends: each round takes one change out. */
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

/** The schema with the table's own primary key. A key from the configuration is not one, so the table is then made without. */
function primaryKeyOf(source: Source, schema: CollectionSchema): CollectionSchema {
  return optionsFor(source.config, schema.name).key === undefined ? schema : { ...schema, key: [] }
}

/** Adds to the draft what an existing collection lacks, or why additions cannot make it match HEAD. */
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

/** Why the collection would still not match HEAD after these changes: the configuration omits a field, or a reference has no target. undefined when it would match. */
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

/** The changes, each required field with the value that existing records get. A text instead says why that value is not known. */
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

/** The value of the field if all records have the same one, as after a migration that filled it in; otherwise undefined. */
function uniformValue(field: string, records: Iterable<string>): ValueText | undefined {
  const values = new Set<ValueText | undefined>()
  for (const text of records) if (values.add(splitObject(text).get(field)).size > 1) return undefined
  return [...values][0]
}

/** Makes the plan with its SQL statements. A collection whose changes the engine refuses is moved to `refused`, and the others stay. */
async function withStatements(
  source: Source,
  { changes, refused }: Omit<Draft, 'changes'> & Pick<StructurePlan, 'changes'>,
): Promise<StructurePlan> {
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

/** Why the engine cannot make these changes; undefined when it can. */
async function refusalOf(source: Source, changes: readonly SchemaChange[]): Promise<string | undefined> {
  try {
    await source.adapter.statements(changes)
    return undefined
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`
    throw error
  }
}
