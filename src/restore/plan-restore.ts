/** Plans a restore: the changes that return live to the exports of a commit, for a source, one collection, or one record. Reads git and the database; writes nothing. */
import type { Consent } from '../model/consent.ts'
import { type Committed, readCommitted, readRecords } from '../exports/committed.ts'
import { markDangling } from '../merge/constraints/mark-dangling.ts'
import { sameContent } from '../merge/versions.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import { type Change, type CollectionChanges, setRecord } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { GuardError, UsageError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import { guardReason } from '../source/guard.ts'
import { missingReason } from '../source/holds.ts'
import { type Live, readLive } from '../source/live.ts'
import { chosenCollections } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { findKey } from './find-key.ts'
import { placeFor } from './former-structure.ts'
import { settleReferences } from './references.ts'
import type { Revision } from './revision.ts'

export interface RestoreQuestion {
  readonly revision: Revision
  readonly collection: string | undefined
  /** The key as a person writes it; undefined: all records. */
  readonly key: string | undefined
  readonly consent: Consent
}

export interface RestorePlan {
  readonly source: string
  readonly revision: Revision
  readonly live: Live
  readonly collections: readonly CollectionChanges[]
  /** Parents that are restored although they were not asked for, because restored records refer to them; one line each. */
  readonly parents: readonly string[]
  /** Collections that stay as they are, and why; one line each. */
  readonly leftOut: readonly string[]
  /** Why the guard does not allow it, one line for each collection; empty when it does. */
  readonly refused: readonly string[]
}

/**
 * Plans a restore.
 * @throws UsageError for a collection or key that does not exist; GuardError when structure or foreign keys do not allow it; DamagedError when the exports are damaged
 */
export async function planRestore(source: Source, question: RestoreQuestion): Promise<RestorePlan> {
  const { revision } = question
  const committed = await readCommitted({ ...source, exportsFolder: revision.exports }, revision.commit)
  if (committed.size === 0) throw new UsageError(`${revision.name} has no exports of source ${source.source}`)
  const { names, leftOut } = wantedCollections(source, committed, question)
  const live = await readLive(source, source.selections.keys())
  for (const name of names) checkReadable(source, name, live)
  const exported = new Map<string, Records>()
  for (const name of names) exported.set(name, await exportedRecords(source, { committed, name, live }))
  for (const name of withParents(source, names))
    if (!exported.has(name)) exported.set(name, await possibleParents(source, { committed, name, live }))
  const { changes, parents } = settleChanges(source, { question, names, live, exported })
  const collections = collectionsOf(source, live, changes)
  const refused = collections.flatMap((each) => guardWords(source, each, { live, consent: question.consent }))
  return { source: source.source, revision, live, collections, parents, leftOut, refused }
}

/** The names of the collections to restore, and lines about those that cannot be. @throws UsageError when the collection that the person named cannot be restored */
function wantedCollections(
  source: Source,
  committed: Committed,
  question: RestoreQuestion,
): { readonly names: readonly string[]; readonly leftOut: readonly string[] } {
  const names: string[] = []
  const leftOut: string[] = []
  for (const name of chosenCollections(source, committed.keys(), {
    source: source.source,
    collection: question.collection,
  })) {
    const reason = reasonToLeave(source, name, { committed, revision: question.revision })
    if (reason === undefined) names.push(name)
    else if (question.collection === undefined) leftOut.push(`${source.source}/${name} stays as it is: ${reason}`)
    else throw new UsageError(`${source.source}/${name}: ${reason}`)
  }
  return { names, leftOut }
}

/** Why a collection cannot be restored; undefined when it can. */
function reasonToLeave(
  source: Source,
  name: string,
  at: { readonly committed: Committed; readonly revision: Revision },
): string | undefined {
  const selection = source.selections.get(name)
  if (selection === undefined) return missingReason(source, name)
  return at.committed.has(name) ? undefined : `${at.revision.name} does not have it`
}

/** @throws GuardError when the collection's records cannot be told apart */
function checkReadable(source: Source, name: string, live: Live): void {
  const reason = live.unreadable.get(name)
  if (reason !== undefined) throw new GuardError(`${source.source}/${name}: ${reason}`)
}

/** These collections and all that they refer to by foreign keys, directly or through others. */
function withParents(source: Source, names: readonly string[]): Set<string> {
  const all = new Set(names)
  for (const name of all)
    for (const { to } of source.selections.get(name)?.schema.references ?? [])
      if (source.selections.has(to)) all.add(to)
  return all
}

/** The records of a collection in the commit, fitted into live's structure. @throws GuardError when they do not fit */
async function exportedRecords(
  source: Source,
  at: { readonly committed: Committed; readonly name: string; readonly live: Live },
): Promise<Records> {
  const collection = at.committed.get(at.name)
  if (collection === undefined) return new Map()
  const place = placeFor(source, source.selections.get(at.name) as Selection, collection)
  const live = at.live.actual.get(at.name)
  const records = new Map<KeyText, RecordText>()
  for (const [key, text] of await readRecords(source, collection)) records.set(key, place(text, live?.get(key)))
  return records
}

/** The records of a collection from which missing parents may be restored. None when they do not fit into live's structure; a parent that is needed is then reported as missing. */
async function possibleParents(...[source, at]: Parameters<typeof exportedRecords>): Promise<Records> {
  return exportedRecords(source, at).catch((error: unknown): Records => {
    if (error instanceof GuardError) return new Map()
    throw error
  })
}

interface Wanted {
  readonly question: RestoreQuestion
  readonly names: readonly string[]
  readonly live: Live
  readonly exported: ReadonlyMap<string, Records>
}

type Changes = ReadonlyMap<string, readonly Change[]>

/** The changes of the collections asked for, and those of the parents that they need. @throws GuardError when foreign keys do not allow the restore */
function settleChanges(
  source: Source,
  wanted: Wanted,
): { readonly changes: Changes; readonly parents: readonly string[] } {
  const changes = new Map<string, Change[]>()
  for (const name of wanted.names) changes.set(name, changesOf(source, name, wanted))
  const result = new Map([...wanted.live.actual].map(([name, records]) => [name, new Map(records)]))
  const written = new Map<string, Set<KeyText>>()
  const removed = new Map<string, Map<KeyText, RecordText>>()
  for (const [name, each] of changes) {
    written.set(name, new Set(each.flatMap(({ key, after }) => (after === undefined ? [] : [key]))))
    removed.set(
      name,
      new Map(
        each.flatMap(({ key, before, after }) =>
          before === undefined || after !== undefined ? [] : [[key, before] as const],
        ),
      ),
    )
    const records = result.get(name)
    if (records !== undefined) for (const { key, after } of each) setRecord(records, key, after)
  }
  const schemas = [...source.selections.values()].map(({ schema }) => schema)
  const answer = settleReferences({ schemas, result, exported: wanted.exported, written, removed })
  const [problem] = answer.problems
  if (problem !== undefined)
    throw new GuardError(
      `${source.source}: ${answer.problems.slice(0, 5).join('; ')}${answer.problems.length > 5 ? `; and ${answer.problems.length - 5} more` : ''}; nothing was restored`,
      {
        hint: 'Restore those collections too (without --collection: all of them), or change the records by hand first.',
      },
    )
  for (const { collection, key } of answer.parents)
    changes.set(collection, [
      ...(changes.get(collection) ?? []),
      {
        key,
        before: wanted.live.actual.get(collection)?.get(key),
        after: wanted.exported.get(collection)?.get(key),
      },
    ])
  const states = wanted.exported
  const marked = [...changes].map(([name, each]) => {
    const schema = source.selections.get(name)?.schema
    return [name, schema === undefined ? each : markDangling(schema, each, (parent) => states.get(parent))] as const
  })
  const parents = answer.parents.map(
    ({ collection, key, child }) => `${source.source}/${collection} ${key} comes back too: ${child} refers to it`,
  )
  return { changes: new Map(marked), parents }
}

/** The changes of one collection, or of the one record asked for. @throws UsageError when no record has that key */
function changesOf(source: Source, name: string, { question, live, exported }: Wanted): Change[] {
  const [before, after] = [live.actual.get(name) as Records, exported.get(name) as Records]
  const keys =
    question.key === undefined
      ? new Set([...after.keys(), ...before.keys()])
      : [findKey(question.key, { name, states: [before, after] })]
  const rules = source.rules(name)
  return [...keys]
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((change) => !sameContent(change.before, change.after, rules))
}

function collectionsOf(source: Source, live: Live, changes: Changes): CollectionChanges[] {
  return [...changes]
    .filter(([name, each]) => each.length > 0 && live.actual.has(name))
    .map(([name, each]) => ({ selection: source.selections.get(name) as Selection, changes: each }))
}

function guardWords(
  source: Source,
  { selection, changes }: CollectionChanges,
  at: { readonly live: Live; readonly consent: Consent },
): string[] {
  const { name } = selection.schema
  const deletes = changes.filter((change) => change.after === undefined).length
  const size = at.live.actual.get(name)?.size ?? 0
  const reason = guardReason(source, { collection: name, deletes, size, consent: at.consent })
  return reason === undefined ? [] : [`${source.source}/${name} ${reason}`]
}
