/** `tandem merge PATH`: an export file, an exports folder, or either in a commit (`COMMIT:PATH`) → live. Without a base it never deletes. */
import { type Consent, NO_CONSENT } from '../model/consent.ts'
import { recordTimes } from '../conflicts/three-way.ts'
import { readCommitted, readRecords } from '../exports/committed.ts'
import { readPath } from '../exports/read-path.ts'
import { bucketOf } from '../format/layout.ts'
import { type RecordsFile, parseRecordsFile } from '../format/records-file.ts'
import { openGraph } from '../git/history/graph.ts'
import { commitExists, isAncestor } from '../git/history/commits.ts'
import { mergeCollection } from '../merge/collection.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { Change } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import { GuardError, UsageError } from '../model/errors.ts'
import type { Records } from '../model/records.ts'
import { mergeIntoLive } from '../pull/incoming/merge-live.ts'
import { applySafely } from '../safety/apply-safely.ts'
import { refusedWords } from '../safety/refused.ts'
import { guardReason } from '../source/guard.ts'
import { type Live, readLive } from '../source/live.ts'
import type { Source } from '../source/source.ts'
import { type SourceFailure, withLockedSources } from '../source/sources.ts'
import { expectedEntries } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface MergePathOptions {
  readonly path: string
  readonly base: string | undefined
  readonly consent: Consent
}

export interface MergedPath {
  readonly source: string
  readonly collection: string
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
}

/** Records of one collection as the path holds them, and the buckets they came from. */
interface Given {
  readonly header: RecordsFile['header']
  readonly buckets: Set<string>
  readonly records: Map<KeyText, RecordText>
}

/** @throws DamagedError, UsageError, GuardError; failures of single sources are answered */
export async function mergePath(
  workspace: Workspace,
  options: MergePathOptions,
): Promise<{ merged: readonly MergedPath[]; failures: readonly SourceFailure[] }> {
  const { files, commit } = await readPath(workspace, options.path)
  const given = await collect(files)
  const names = new Set(given.map(({ header }) => header.source))
  for (const name of names)
    if (!workspace.config.sources.some((source) => source.name === name))
      throw new UsageError(`${options.path} is an export of source ${name}, which the configuration does not have`)
  const merged: MergedPath[] = []
  const failures: SourceFailure[] = []
  for (const name of names) {
    const part = given.filter(({ header }) => header.source === name)
    await withLockedSources(
      workspace,
      { only: { source: name, collection: undefined } },
      {
        each: (source) => mergeSource(workspace, source, { ...options, given: part, commit }),
        after: async (results, failed) => {
          merged.push(...results.flat())
          failures.push(...failed)
        },
      },
    )
  }
  return { merged, failures }
}

/** @throws DamagedError; UsageError when there is nothing to merge */
async function collect(files: ReadonlyMap<string, string>): Promise<Given[]> {
  const collections = new Map<string, Given>()
  for (const [name, text] of files) {
    const { header, records } = parseRecordsFile(text, name)
    const id = `${header.source}/${header.collection}`
    const given = collections.get(id) ?? { header, buckets: new Set<string>(), records: new Map<KeyText, RecordText>() }
    collections.set(id, given)
    given.buckets.add(header.bucket)
    for (const [key, record] of records) given.records.set(key, record)
  }
  if (collections.size === 0) throw new UsageError('no records file (*.jsonl) there')
  return [...collections.values()]
}

async function mergeSource(
  workspace: Workspace,
  source: Source,
  options: MergePathOptions & { readonly given: readonly Given[]; readonly commit: string | undefined },
): Promise<MergedPath[]> {
  const names = options.given.map(({ header }) => header.collection)
  const missing = names.find((name) => !source.selections.has(name))
  if (missing !== undefined)
    throw new UsageError(`${source.description.database} has no collection ${missing}, or it is excluded`)
  const live = await readLive(source, names)
  const merged: MergedPath[] = []
  for (const given of options.given) {
    const name = given.header.collection
    const records = live.actual.get(name) as Records
    const byHistory =
      options.commit === undefined || options.base !== undefined
        ? undefined
        : await mergeCommit(workspace, source, { given, commit: options.commit, live })
    const merge = byHistory ?? (await mergeGiven(source, given, { live: records, base: options.base }))
    checkGuard(source, name, { ...merge, size: live.actual.get(name)?.size ?? 0, consent: options.consent })
    merged.push({ source: source.source, collection: name, changes: merge.changes, decisions: merge.decisions })
  }
  if (!workspace.invocation.dryRun) await applyMerged(workspace, source, { merged, live })
  return merged
}

interface GivenMerge {
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
}

/** A commit that live has not seen is merged by the rule over its history; like every merge without a base, it deletes nothing. */
async function mergeCommit(
  workspace: Workspace,
  source: Source,
  at: { readonly given: Given; readonly commit: string; readonly live: Live },
): Promise<GivenMerge | undefined> {
  const { given, commit, live } = at
  const { collection: name, layout } = given.header
  const point = live.sync.points.get(name)
  const { repository } = source
  if (point === undefined || !(await commitExists(repository, point.commit))) return undefined
  if (await isAncestor(repository, commit, point.commit)) return undefined
  const base = point.commit
  const merge = await mergeIntoLive(source, {
    changed: {
      name,
      past: { kind: 'behind', base, rewritten: false, hasMerges: true, junctions: [] },
      point,
      base: (await readCommitted(source, base)).get(name),
      theirs: (await readCommitted(source, commit)).get(name),
    },
    live: live.actual.get(name) as Records,
    withheld: new Set(),
    head: commit,
    writer: { asset: workspace.asset, at: workspace.invocation.nowMs() },
    graph: openGraph(repository),
    consent: NO_CONSENT,
  })
  const taken = new Set(merge.rekeys.map(({ key }) => key))
  const isWanted = (key: KeyText): boolean => given.buckets.has(bucketOf(key, layout)) && !taken.has(key)
  return {
    changes: merge.changes.filter(({ key, after }) => isWanted(key) && after !== undefined),
    decisions: merge.decisions.filter(({ key }) => isWanted(key)),
  }
}

async function mergeGiven(
  source: Source,
  given: Given,
  at: { readonly live: Records; readonly base: string | undefined },
): Promise<GivenMerge> {
  const rules = source.rules(given.header.collection)
  const { layout } = given.header
  const inFiles = ([key]: readonly [KeyText, RecordText]): boolean => given.buckets.has(bucketOf(key, layout))
  const committed =
    at.base === undefined ? undefined : (await readCommitted(source, at.base)).get(given.header.collection)
  const base = new Map([...(await readRecords(source, committed))].filter(inFiles))
  const ours = new Map([...at.live].filter(inFiles))
  const stampsOf = recordTimes(ours, given.records)(rules)
  return mergeCollection({ base, ours, theirs: given.records, rules, stampsOf, join: true })
}

function checkGuard(
  source: Source,
  name: string,
  found: { readonly changes: readonly Change[]; readonly size: number; readonly consent: Consent },
): void {
  const deletes = found.changes.filter((change) => change.after === undefined).length
  const { size, consent } = found
  const reason = guardReason(source, { collection: name, deletes, size, consent })
  if (reason !== undefined) throw new GuardError(`${source.source}/${name} ${reason}`)
}

async function applyMerged(
  workspace: Workspace,
  source: Source,
  at: { readonly merged: readonly MergedPath[]; readonly live: Live },
): Promise<void> {
  const collections = at.merged.flatMap(({ collection, changes }) => {
    const selection = source.selections.get(collection)
    return selection === undefined || changes.length === 0 ? [] : [{ selection, changes }]
  })
  if (collections.length === 0) return
  const { state } = at.live
  const outcome = await applySafely(workspace, source, {
    kind: 'merge',
    plan: { collections, state: new Map(), expectedState: expectedEntries(state, []) },
    before: at.live.actual,
    state,
  })
  if (outcome.status !== 'applied') throw refusedWords(source, outcome)
}
