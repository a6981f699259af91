/** What it takes to make live again what the exports said at a commit: a source, one collection, or one record. Reads git and the database; writes nothing. */
import { optionsFor } from '../../config/match.ts'
import { guardFor } from '../../config/rules.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { setRecord, type Change, type CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { GuardError, UsageError } from '../../model/errors.ts'
import { sameContent } from '../../merge/versions.ts'
import { readCommitted, readRecords, type Committed } from '../committed.ts'
import { guardReason, type AllowedDeletes } from '../guard.ts'
import { readLive, type Live, type Records } from '../live.ts'
import { keylessReason, missingReason } from '../moved.ts'
import { chosenCollections } from '../only.ts'
import type { Source } from '../source.ts'
import { findKey } from './find-key.ts'
import { placeFor } from './place.ts'
import { settleReferences } from './references.ts'
import type { Revision } from './revision.ts'

export interface RestoreQuestion {
  readonly revision: Revision
  readonly collection: string | undefined
  /** As a person writes it. */
  readonly key: string | undefined
  readonly allowed: AllowedDeletes
}

export interface RestorePlan {
  readonly source: string
  readonly revision: Revision
  readonly live: Live
  readonly collections: readonly CollectionChanges[]
  /** Parents that come back although they were not asked for, in words. */
  readonly parents: readonly string[]
  /** Collections that stay as they are, and why. */
  readonly leftOut: readonly string[]
  /** Why a guard holds it, in words. */
  readonly refused: readonly string[]
}

/** @throws UsageError for a collection or key that is nowhere; GuardError where structure or foreign keys forbid it; DamagedError */
export async function planRestore(source: Source, question: RestoreQuestion): Promise<RestorePlan> {
  const { revision } = question
  const committed = await readCommitted({ ...source, exportsFolder: revision.exports }, revision.commit)
  if (committed.size === 0) throw new UsageError(`${revision.name} has no exports of source ${source.source}`)
  const { names, leftOut } = wantedCollections(source, committed, question)
  const keyed = [...source.selections].filter(([, { schema }]) => schema.key.length > 0).map(([name]) => name)
  const live = await readLive(source, keyed)
  for (const name of names) checkReadable(source, name, live)
  const exported = new Map<string, Records>()
  for (const name of names) exported.set(name, await exportedRecords(source, { committed, name, live }))
  for (const name of withParents(source, names))
    if (!exported.has(name)) exported.set(name, await possibleParents(source, { committed, name, live }))
  const { changes, parents } = settle(source, { question, names, live, exported })
  const collections = collectionsOf(source, live, changes)
  const refused = collections.flatMap((each) => guardWords(source, each, { live, allowed: question.allowed }))
  return { source: source.source, revision, live, collections, parents, leftOut, refused }
}

/** @throws UsageError when one that was named cannot be restored */
function wantedCollections(
  source: Source,
  committed: Committed,
  question: RestoreQuestion,
): { readonly names: readonly string[]; readonly leftOut: readonly string[] } {
  const names: string[] = []
  const leftOut: string[] = []
  for (const name of chosenCollections(source, committed, { source: source.source, collection: question.collection })) {
    const reason = reasonToLeave(source, name, { committed, revision: question.revision })
    if (reason === undefined) names.push(name)
    else if (question.collection === undefined) leftOut.push(`${source.source}/${name} stays as it is: ${reason}`)
    else throw new UsageError(`${source.source}/${name}: ${reason}`)
  }
  return { names, leftOut }
}

function reasonToLeave(
  source: Source,
  name: string,
  at: { readonly committed: Committed; readonly revision: Revision },
): string | undefined {
  const selection = source.selections.get(name)
  if (selection === undefined) return missingReason(source, name)
  if (selection.schema.key.length === 0) return keylessReason(source, name)
  return at.committed.has(name) ? undefined : `${at.revision.name} does not have it`
}

/** @throws GuardError when its records cannot be told apart */
function checkReadable(source: Source, name: string, live: Live): void {
  const reason = live.unreadable.get(name)
  if (reason !== undefined) throw new GuardError(`${source.source}/${name}: ${reason}`)
}

/** These collections and all that they refer to, however far up. */
function withParents(source: Source, names: readonly string[]): Set<string> {
  const all = new Set(names)
  for (const name of all)
    for (const { to } of source.selections.get(name)?.schema.references ?? [])
      if (source.selections.has(to)) all.add(to)
  return all
}

/** A commit's records as live has a place for them. @throws GuardError where it has none */
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

/** Records that may come back for others' sake; none where the structure has changed: then they are named as missing. */
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

/** The changes of the collections asked for, and of the parents that they need. @throws GuardError naming what stands in the way */
function settle(source: Source, wanted: Wanted): { readonly changes: Changes; readonly parents: readonly string[] } {
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
  const parents = answer.parents.map(
    ({ collection, key, child }) => `${source.source}/${collection} ${key} comes back too: ${child} refers to it`,
  )
  return { changes, parents }
}

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
  at: { readonly live: Live; readonly allowed: AllowedDeletes },
): string[] {
  const { name } = selection.schema
  const deletes = changes.filter((change) => change.after === undefined).length
  const size = at.live.actual.get(name)?.size ?? 0
  const configured = guardFor(optionsFor(source.config, name))
  const reason = guardReason({ collection: name, deletes, size, configured, allowed: at.allowed })
  return reason === undefined ? [] : [`${source.source}/${name} ${reason}`]
}
