/** `tandem diff`: live against HEAD's exports, record by record and field by field. Reads only; what it finds is what an export would write, wherever live stands. */
import { readCommitted, readRecords } from '../exports/committed.ts'
import { readHead } from '../git/head.ts'
import {
  type KeyText,
  type RecordText,
  type ValueText,
  compareBytes,
  sameRecord,
  splitObject,
} from '../model/canonical.ts'
import type { Records } from '../model/records.ts'
import { missingReason } from '../source/holds.ts'
import { withoutDerivedFields, readLive } from '../source/live.ts'
import { type Only, chosenCollections } from '../source/only.ts'
import type { Source } from '../source/source.ts'
import { type SourceFailure, withSources } from '../source/sources.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** One field of a changed record; undefined: not there. */
export interface FieldDifference {
  readonly name: string
  readonly exported: ValueText | undefined
  readonly live: ValueText | undefined
}

export interface KeyedRecord {
  readonly key: KeyText
  readonly record: RecordText
}

export interface ChangedRecord {
  readonly key: KeyText
  readonly fields: readonly FieldDifference[]
}

/** What differs in one collection, each list in key order (bytes). */
export interface CollectionDifference {
  readonly name: string
  /** In live only. */
  readonly added: readonly KeyedRecord[]
  readonly changed: readonly ChangedRecord[]
  /** In the exports only. */
  readonly removed: readonly KeyedRecord[]
  /** Why it could not be compared: no such table, or one without a key. */
  readonly problem: string | undefined
}

export interface SourceDifference {
  readonly name: string
  readonly collections: readonly CollectionDifference[]
}

export interface Differences {
  readonly sources: readonly SourceDifference[]
  readonly failures: readonly SourceFailure[]
}

/** Every difference of every source; a source that fails is among the failures. @throws UsageError when `only` names no source */
export async function diff(workspace: Workspace, only: Only | undefined): Promise<Differences> {
  const { commit: head } = await readHead(workspace.repository)
  return withSources(workspace, only, {
    each: (source) => diffSource(source, head, only),
    after: (sources, failures) => Promise.resolve({ sources, failures }),
  })
}

/** True when the collection is not what HEAD's exports hold, or could not be compared. */
export function differs({ added, changed, removed, problem }: CollectionDifference): boolean {
  return added.length + changed.length + removed.length > 0 || problem !== undefined
}

async function diffSource(source: Source, head: string | undefined, only: Only | undefined): Promise<SourceDifference> {
  const committed = await readCommitted(source, head)
  const names = chosenCollections(source, committed.keys(), only)
  const live = await readLive(
    source,
    names.filter((name) => problemOf(source, name) === undefined),
  )
  const collections: CollectionDifference[] = []
  for (const name of names) {
    const problem = problemOf(source, name)
    const order = source.selections.get(name)?.schema.order ?? 'sorted'
    const difference =
      problem === undefined
        ? compareRecords(
            withoutDerivedFields(source, name, await readRecords(source, committed.get(name))),
            withoutDerivedFields(source, name, live.collections.get(name) as Records),
            order,
          )
        : NOTHING
    collections.push({ name, ...difference, problem })
  }
  return { name: source.source, collections }
}

const NOTHING = { added: [], changed: [], removed: [] }

function problemOf(source: Source, name: string): string | undefined {
  return source.selections.has(name) ? undefined : missingReason(source, name)
}

/** From the exported records to the live ones; a mere difference in field order is none where that order is kept. */
export function compareRecords(
  exported: Records,
  live: Records,
  order: 'sorted' | 'kept',
): Pick<CollectionDifference, 'added' | 'changed' | 'removed'> {
  const added: KeyedRecord[] = []
  const changed: ChangedRecord[] = []
  const removed: KeyedRecord[] = []
  for (const [key, record] of live) {
    const before = exported.get(key)
    if (before === undefined) added.push({ key, record })
    else if (!sameRecord(before, record, order)) changed.push({ key, fields: compareFields(before, record, order) })
  }
  for (const [key, record] of exported) if (!live.has(key)) removed.push({ key, record })
  for (const list of [added, changed, removed]) list.sort((a, b) => compareBytes(a.key, b.key))
  return { added, changed, removed }
}

/** The fields in which two versions of a record differ: the exported one's in their order, then those that only live has. */
function compareFields(exported: RecordText, live: RecordText, order: 'sorted' | 'kept'): FieldDifference[] {
  const [before, after] = [splitObject(exported), splitObject(live)]
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ name, exported: before.get(name), live: after.get(name) }))
    .filter((field) => !sameRecord(field.exported, field.live, order))
}
