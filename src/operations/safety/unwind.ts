/** Takes the applies of several snapshots back, one after the other, in memory: what undo and redo have in common. Reads git and the database; writes nothing. */
import { takeBack } from '../../merge/take-back.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import { setRecord, type Change, type CollectionChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { GuardError } from '../../model/errors.ts'
import { sameContent } from '../../merge/versions.ts'
import { readCommitted, readRecords } from '../committed.ts'
import { readLive, type Live, type Records } from '../live.ts'
import type { Source } from '../source.ts'
import { appliedFolder, type SafetySnapshot } from './snapshot.ts'

/** One collection as an apply found it and left it; only the files that it touched. */
interface Step {
  readonly name: string
  readonly before: Records
  readonly after: Records
}

export interface Unwound {
  /** What was read, of every collection concerned. */
  readonly live: Live
  readonly collections: readonly CollectionChanges[]
  /** `collection key`, of records that were written since and kept. */
  readonly kept: readonly string[]
}

/**
 * From live back to before the last of these snapshots' applies.
 * @param snapshots newest first
 * @throws GuardError when a collection is not there any more, DamagedError
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
