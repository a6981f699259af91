/** Takes back the applies of several snapshots one after the other, in memory. Undo and redo both use this. Reads git and the database; writes nothing. */
import { readCommitted, readRecords } from '../exports/committed.ts'
import { takeBack } from '../merge/history/take-back.ts'
import { sameContent } from '../merge/versions.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import { type Change, type CollectionChanges, setRecord } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import { GuardError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import { type Live, readLive } from '../source/live.ts'
import type { Source } from '../source/source.ts'
import { type SafetySnapshot, appliedFolder } from './snapshot.ts'

/** One collection before and after an apply. It has only the records of the files that the apply changed. */
interface Step {
  readonly name: string
  readonly before: Records
  readonly after: Records
}

export interface Unwound {
  /** The live records that were read, of every collection concerned. */
  readonly live: Live
  /** The changes to make in live. */
  readonly collections: readonly CollectionChanges[]
  /** `collection key` of each record that was written since the apply and is kept. */
  readonly kept: readonly string[]
}

/**
 * Computes the changes that return live to the state before these snapshots' applies.
 * @param snapshots newest first
 * @throws GuardError when a collection does not exist any more or its records cannot be told apart; DamagedError when a snapshot is damaged
 */
export async function unwind(source: Source, snapshots: readonly SafetySnapshot[]): Promise<Unwound> {
  const steps: Step[] = []
  for (const snapshot of snapshots) steps.push(...(await stepsOf(source, snapshot)))
  const names = new Set(steps.map(({ name }) => name))
  for (const name of names) if (!source.selections.has(name)) throw goneCollection(source, name)
  const live = await readLive(source, names)
  const [unreadable] = live.unreadable
  if (unreadable !== undefined) throw new GuardError(`${source.source}/${unreadable[0]}: ${unreadable[1]}`)
  const now = new Map([...names].map((name) => [name, new Map(live.actual.get(name))]))
  const kept = new Set<string>()
  for (const { name, before, after } of steps) {
    const records = now.get(name) as Map<KeyText, RecordText>
    const taken = takeBack({ before, after, live: records, rules: source.rules(name) })
    for (const change of taken.changes) setRecord(records, change.key, change.after)
    for (const key of taken.kept) kept.add(`${name} ${key}`)
  }
  const collections = [...now].flatMap(([name, records]) => changesOf(source, name, { live, records }))
  return { live, collections, kept: [...kept] }
}

function goneCollection(source: Source, name: string): GuardError {
  return new GuardError(
    `${source.description.database} has no ${name} any more, or it is excluded; nothing was taken back`,
  )
}

/** The changes from the live records to `records`; none when they differ only in derived fields or field order. */
function changesOf(
  source: Source,
  name: string,
  at: { readonly live: Live; readonly records: Records },
): CollectionChanges[] {
  const before = at.live.actual.get(name) as Records
  const rules = source.rules(name)
  const changes: Change[] = []
  for (const key of new Set([...before.keys(), ...at.records.keys()])) {
    const change = { key, before: before.get(key), after: at.records.get(key) }
    if (change.before !== change.after && !sameContent(change.before, change.after, rules)) changes.push(change)
  }
  return changes.length === 0 ? [] : [{ selection: source.selections.get(name) as Selection, changes }]
}

async function stepsOf(source: Source, { commit, info }: SafetySnapshot): Promise<Step[]> {
  const place = { repository: source.repository, source: source.source }
  const before = await readCommitted({ ...place, exportsFolder: info.exports }, commit)
  const applied = await readCommitted({ ...place, exportsFolder: appliedFolder(info.exports) }, commit)
  const steps: Step[] = []
  for (const [name, collection] of applied)
    steps.push({
      name,
      before: await readRecords(source, before.get(name), collection.buckets.keys()),
      after: await readRecords(source, collection),
    })
  return steps
}
