/**
 * Records that two machines have under different keys and that are one, by their identity fields or because both machines gave a new number to the same: looked for wherever
 * two lines met since the sync point, and between HEAD and what live has not exported yet. Commits alone decide the former, so every machine that was part of it decides alike.
 */
import {
  type CommittedCollection,
  differingBuckets,
  readCommitted,
  readRecords,
  recordsAt,
} from '../../exports/committed.ts'
import { type Origins, type SideStamps, type StampOf, lastWrites } from '../../history/writers.ts'
import { type Duplicate, collapse, findDuplicates } from '../../merge/duplicates.ts'
import type { Alias } from '../../merge/rekeying/aliases.ts'
import { tupleOf } from '../../merge/tuple.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import type { Records } from '../../model/records.ts'
import type { Source } from '../../source/source.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'
import { junctionsOf } from '../../sync-point/past.ts'
import type { LiveMerge } from '../incoming/merge-live.ts'
import { renumberedIn, renumberedTwice } from './renumbered.ts'
import type { CollisionInput } from './world.ts'

export interface Deduplicated {
  readonly merges: ReadonlyMap<MergeableCollection, LiveMerge>
  readonly aliases: readonly Alias[]
}

/** The merges with every duplicate collapsed, and which keys now stand for which. */
export async function collapseDuplicates(source: Source, input: CollisionInput): Promise<Deduplicated> {
  const merges = new Map<MergeableCollection, LiveMerge>()
  const aliases: Alias[] = []
  for (const [each, merge] of input.merges) {
    const { identity, serialKey } = source.rules(each.name)
    if (identity === undefined && !serialKey) {
      merges.set(each, merge)
      continue
    }
    const live = input.live.get(each.name) as Records
    const originOf = input.originsOf(each.name)
    const met = await duplicatesWhereLinesMet(source, { ...input, each, live, identity, originOf })
    const collapsed = collapseAll(source, { each, merge, live }, met)
    merges.set(each, collapsed.merge)
    aliases.push(...collapsed.aliases)
  }
  return { merges, aliases }
}

/** Pairs found where two sides met, and who wrote what on them. */
interface MetDuplicates extends SideStamps {
  readonly pairs: readonly Duplicate[]
}

interface Question extends Pick<CollisionInput, 'head' | 'asset' | 'reports'> {
  readonly each: MergeableCollection
  readonly live: Records
  readonly identity: readonly string[] | undefined
  readonly originOf: Origins
}

async function duplicatesWhereLinesMet(source: Source, question: Question): Promise<MetDuplicates[]> {
  const { past } = question.each
  const met: MetDuplicates[] = []
  for (const { fork, ours, theirs } of junctionsOf(past))
    met.push(await metInCommits(source, question, { fork, ours, theirs }))
  if (past.kind === 'diverged')
    met.push(await metInCommits(source, question, { fork: past.fork, ours: past.base, theirs: question.head }))
  return [...met, await metInLive(source, question)].filter(({ pairs }) => pairs.length > 0)
}

interface Lines {
  readonly fork: string
  readonly ours: string
  readonly theirs: string
}

async function metInCommits(source: Source, question: Question, lines: Lines): Promise<MetDuplicates> {
  const { each, identity, reports, originOf } = question
  const told = [lines.ours, lines.theirs].map((to) => reports.since({ from: lines.fork, to }))
  const renumbered = renumberedIn(source, each.name, (await Promise.all(told)).flat())
  if (identity === undefined && renumbered.length === 0) return NONE_MET
  const at = async (commit: string): Promise<CommittedCollection | undefined> =>
    (await readCommitted(source, commit)).get(each.name)
  const [fork, ours, theirs] = [await at(lines.fork), await at(lines.ours), await at(lines.theirs)]
  const added = { ours: await addedSince(source, fork, ours), theirs: await addedSince(source, fork, theirs) }
  const twice = await renumberedTwice(source, renumbered, {
    ours: { name: each.name, records: added.ours, at: { commit: lines.ours, originOf } },
    theirs: { name: each.name, records: added.theirs, at: { commit: lines.theirs, originOf } },
  })
  const pairs = [...(identity === undefined ? [] : findDuplicates(added, identity)), ...twice]
  const writes = (commit: string, other: string): Promise<StampOf> =>
    lastWrites(source.repository, {
      range: [commit, '--not', other],
      place: source.folder(each.name),
      key: source.rules(each.name).key,
    })
  if (pairs.length === 0) return NONE_MET
  return {
    pairs,
    ours: await writes(lines.ours, lines.theirs),
    theirs: await writes(lines.theirs, lines.ours),
  }
}

const UNKNOWN: StampOf = () => ({ asset: '', since: 0, at: 1 })

/** Live is not committed, so any committed record is older. */
const NOT_YET: StampOf = () => ({ asset: '', since: 1, at: 2 })

const NONE_MET: MetDuplicates = { pairs: [], ours: UNKNOWN, theirs: UNKNOWN }

/** What live added since the sync point, against what HEAD added. */
async function metInLive(source: Source, question: Question): Promise<MetDuplicates> {
  const { each, identity, head, asset, live, reports, originOf } = question
  const from = 'base' in each.past ? each.past.base : undefined
  const told = [await reports.waiting(), await reports.since({ from, to: head })]
  const renumbered = renumberedIn(source, each.name, told.flat())
  if (identity === undefined && renumbered.length === 0) return NONE_MET
  const theirs = await addedSince(source, each.base, each.theirs)
  const pairs = identity === undefined ? [] : await liveDuplicates(source, { each, live, theirs, identity })
  const keys = new Set(renumbered.flatMap(({ places }) => places.map(({ key }) => key)))
  const base = await recordsAt(source, each.base, keys)
  const ours = new Map([...live].filter(([key]) => keys.has(key) && !base.has(key)))
  const twice = await renumberedTwice(source, renumbered, {
    ours: { name: each.name, records: ours, at: { asset } },
    theirs: { name: each.name, records: theirs, at: { commit: head, originOf } },
  })
  return { pairs: [...pairs, ...twice], ours: NOT_YET, theirs: UNKNOWN }
}

async function liveDuplicates(
  source: Source,
  at: Pick<Question, 'each' | 'live'> & { readonly theirs: Records; readonly identity: readonly string[] },
): Promise<Duplicate[]> {
  const { each, live, theirs, identity } = at
  const values = new Set([...theirs.values()].map((record) => tupleOf(record, identity)))
  values.delete(undefined)
  const ours = new Map<KeyText, RecordText>()
  for (const [key, record] of values.size === 0 ? [] : live)
    if (values.has(tupleOf(record, identity))) ours.set(key, record)
  const known = await recordsAt(source, each.base, ours.keys())
  for (const key of known.keys()) ours.delete(key)
  return findDuplicates({ ours, theirs }, identity)
}

async function addedSince(
  source: Source,
  base: CommittedCollection | undefined,
  side: CommittedCollection | undefined,
): Promise<Map<KeyText, RecordText>> {
  const buckets = differingBuckets(base, side)
  const [before, added] = [await readRecords(source, base, buckets), await readRecords(source, side, buckets)]
  for (const key of before.keys()) added.delete(key)
  return added
}

interface Collection {
  readonly each: MergeableCollection
  readonly merge: LiveMerge
  readonly live: Records
}

function collapseAll(
  source: Source,
  { each, merge, live }: Collection,
  met: readonly MetDuplicates[],
): { readonly merge: LiveMerge; readonly aliases: readonly Alias[] } {
  const rules = source.rules(each.name)
  const changes = new Map(merge.changes.map((change) => [change.key, change]))
  const decisions: Decision[] = [...merge.decisions]
  const aliases: Alias[] = []
  const merged = (key: KeyText): RecordText | undefined => (changes.has(key) ? changes.get(key)?.after : live.get(key))
  for (const { pairs, ours, theirs } of met)
    for (const keys of pairs) {
      const [first, second] = [merged(keys.ours), merged(keys.theirs)]
      if (first === undefined && second === undefined) continue
      if (first === undefined || second === undefined) {
        // another machine has collapsed it already: what only live has follows all the same
        const gone = live.get(first === undefined ? keys.ours : keys.theirs)
        if (gone !== undefined) aliases.push({ collection: each.name, gone, stays: (first ?? second) as RecordText })
        continue
      }
      const stamps = { ours: ours(keys.ours), theirs: theirs(keys.theirs) }
      const one = collapse({ keys, records: { ours: first, theirs: second }, stamps, rules })
      aliases.push({ collection: each.name, gone: one.loser === keys.ours ? first : second, stays: one.record })
      decisions.push(...one.decisions)
      // what is not exported of a record that only moves to another key moves along
      const from = live.has(one.winner) || !live.has(one.loser) ? {} : { from: one.loser }
      putChange(changes, { key: one.winner, before: live.get(one.winner), after: one.record, ...from })
      putChange(changes, { key: one.loser, before: live.get(one.loser), after: undefined })
    }
  return { merge: { ...merge, changes: [...changes.values()], decisions }, aliases }
}

function putChange(changes: Map<KeyText, Change>, change: Change): void {
  if (change.before === change.after) changes.delete(change.key)
  else changes.set(change.key, change)
}
