/** What HEAD's exports mean for one live collection: the changes to make, and what had to be decided. Reads git, never the database; writes nothing. */
import { bucketOf, integerOf } from '../export/layout.ts'
import type { MergedCollection } from '../merge/collection.ts'
import { areTwoRecords } from '../merge/identity.ts'
import { sameRecord, type KeyText, type RecordText } from '../model/canonical.ts'
import { withFilledIn } from '../merge/new-fields.ts'
import type { Change } from '../model/change.ts'
import type { CollectionSchema } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import { DamagedError } from '../model/errors.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import {
  differingBuckets,
  readCommitted,
  readRecords,
  type CommittedCollection,
  type ExportsPlace,
} from './committed.ts'
import type { Records } from './live.ts'
import type { Junction, Past } from './past.ts'
import { lastWrites, mergeStamped, type StampOf } from './record-stamps.ts'
import type { Source } from './source.ts'

/** Two records that took one key: `moved` is live's and gets a new number. */
export interface Rekey {
  readonly key: KeyText
  readonly moved: RecordText
}

export interface LiveMerge {
  readonly changes: readonly Change[]
  readonly decisions: readonly Decision[]
  readonly rekeys: readonly Rekey[]
  /** Greatest number in use on either side, for new keys. */
  readonly above: bigint
}

/** A past that HEAD's exports can be merged over. */
export type MergeablePast = Extract<Past, { readonly kind: 'new' | 'behind' | 'diverged' }>

export interface LiveMergeInput {
  readonly name: string
  readonly live: Records
  readonly past: MergeablePast
  readonly base: CommittedCollection | undefined
  readonly head: string
  readonly theirs: CommittedCollection | undefined
  /** The stamp of what live holds and no commit has yet. */
  readonly liveStamp: WriterStamp
  /** A key is always the identity: two copies of one database join. */
  readonly join?: boolean
}

/** Merges HEAD's exports into one live collection over its sync point. */
export async function mergeIntoLive(source: Source, input: LiveMergeInput): Promise<LiveMerge> {
  const rules = source.rules(input.name)
  const states = await theirStates(source, input, rules)
  const ours = restrict(input.live, input.theirs, states.buckets)
  const since = input.past.kind === 'new' ? [] : ['--not', input.past.base]
  const range = [input.head, ...since]
  const fresh = newFields(input.base, [source.selections.get(input.name), input.theirs])
  const base = withFilledIn({ base: states.base, ours, theirs: states.theirs }, fresh)
  const sides = { base, ours, theirs: states.theirs, rules, join: input.join === true }
  const merge = await mergeStamped(sides, async () => {
    const writes = await lastWrites(source.repository, { range, place: source.folder(input.name), key: rules.key })
    // databases that meet for the first time have no past that one side could be later than: the records' own times count
    const theirs: StampOf = input.join === true ? (key) => ({ ...writes(key), since: 0 }) : writes
    return { ours: () => input.liveStamp, theirs }
  })
  return withRekeys(merge, { ours, theirs: states.theirs, decided: states.decisions })
}

interface States {
  /** undefined: every bucket. */
  readonly buckets: ReadonlySet<string> | undefined
  readonly base: Records
  readonly theirs: Records
  readonly decisions: readonly Decision[]
}

async function theirStates(source: Source, input: LiveMergeInput, rules: MergeRules): Promise<States> {
  if (input.past.kind === 'diverged') return divergedStates(source, input, input.past)
  const junctions = input.past.kind === 'behind' ? input.past.junctions : []
  const buckets = differingBuckets(input.base, input.theirs)
  const base = await readRecords(source, input.base, buckets)
  const theirs = await readRecords(source, input.theirs, buckets)
  const suspects = { name: input.name, junctions, rules, records: base, theirRecords: theirs }
  const collided = await collidedKeys(source, suspects)
  for (const key of collided) base.delete(key)
  return { buckets, base, theirs, decisions: [] }
}

/** HEAD lacks what S holds: the two are merged first, as any two commits. */
async function divergedStates(
  source: Source,
  input: LiveMergeInput,
  past: { readonly base: string; readonly fork: string },
): Promise<States> {
  const commits = { fork: past.fork, ours: past.base, theirs: input.head }
  const virtual = await mergeCommits(source, input.name, commits)
  const base = await readRecords(source, input.base)
  for (const { key } of virtual.collisions) base.delete(key)
  return { buckets: undefined, base, theirs: virtual.merged, decisions: virtual.decisions }
}

/** What merging two commits needs of a source: no database. */
export type MergePlace = ExportsPlace & Pick<Source, 'rules' | 'folder'>

/** Merges one collection of two commits over their fork, wholly in memory. */
export async function mergeCommits(
  source: MergePlace,
  name: string,
  commits: { readonly fork: string; readonly ours: string; readonly theirs: string },
): Promise<MergedCollection> {
  const { fork, ours, theirs } = commits
  const at = async (commit: string): Promise<CommittedCollection | undefined> =>
    (await readCommitted(source, commit)).get(name)
  const states = { base: await at(fork), ours: await at(ours), theirs: await at(theirs) }
  const rules = source.rules(name)
  // a file that a side lost says nothing about its records: they count as in the fork
  const missing = (side: CommittedCollection | undefined): string[] =>
    [...(states.base?.buckets.keys() ?? [])].filter((bucket) => side?.buckets.has(bucket) !== true)
  const whole = async (side: CommittedCollection | undefined): Promise<Records> =>
    new Map([...(await readRecords(source, states.base, missing(side))), ...(await readRecords(source, side))])
  const records = {
    base: await readRecords(source, states.base),
    ours: await whole(states.ours),
    theirs: await whole(states.theirs),
  }
  const fresh = newFields(states.base, [states.ours, states.theirs])
  const sides = { ...records, base: withFilledIn(records, fresh), rules }
  const writes = { place: source.folder(name), key: rules.key }
  return mergeStamped(sides, async () => ({
    ours: await lastWrites(source.repository, { ...writes, range: [ours, '--not', theirs] }),
    theirs: await lastWrites(source.repository, { ...writes, range: [theirs, '--not', ours] }),
  }))
}

/** Fields that both sides declare and the base did not: a migration brought them. */
export function newFields(
  base: { readonly schema: CollectionSchema } | undefined,
  sides: readonly ({ readonly schema: CollectionSchema } | undefined)[],
): string[] {
  if (base === undefined) return []
  const names = (side: { readonly schema: CollectionSchema } | undefined): Set<string> =>
    new Set(side?.schema.fields.map((field) => field.name))
  const [known, first, second] = [names(base), names(sides[0]), names(sides[1])]
  return [...first].filter((name) => second.has(name) && !known.has(name))
}

/** Only records in buckets that differ can be concerned. */
function restrict(
  live: Records,
  theirs: CommittedCollection | undefined,
  buckets: ReadonlySet<string> | undefined,
): Records {
  if (buckets === undefined || theirs === undefined || theirs.layout.kind === 'single') return live
  const { layout } = theirs
  return new Map([...live].filter(([key]) => buckets.has(bucketOf(key, layout))))
}

interface CollisionQuestion {
  readonly name: string
  readonly junctions: readonly Junction[]
  readonly rules: MergeRules
  readonly records: Records
  readonly theirRecords: Records
}

/** Keys that the sync point and another line took independently for two different records, and that the merge of the lines gave to the other one. */
async function collidedKeys(source: Source, question: CollisionQuestion): Promise<KeyText[]> {
  const { rules, records, theirRecords } = question
  if ((!rules.serialKey && rules.identity === undefined) || question.junctions.length === 0) return []
  const suspects = [...records].filter(([key, text]) => {
    const other = theirRecords.get(key)
    // gone from HEAD: perhaps it was the other line's record that was deleted there, and ours was never placed
    return other === undefined || areTwoRecords({ ours: text, theirs: other }, rules)
  })
  if (suspects.length === 0) return []
  const collided = new Set<KeyText>()
  for (const junction of question.junctions) {
    const at = async (commit: string): Promise<Records> =>
      readRecords(source, (await readCommitted(source, commit)).get(question.name))
    // a merge that left damaged files is told by what HEAD has become since
    const merged = await at(junction.merged).catch(ifDamaged(theirRecords))
    const [fork, theirs] = [await at(junction.fork), await at(junction.theirs)]
    for (const [key, text] of suspects) {
      const other = theirs.get(key)
      const isOther = other !== undefined && !fork.has(key) && areTwoRecords({ ours: text, theirs: other }, rules)
      if (isOther && !sameRecord(merged.get(key), text, rules.order)) collided.add(key)
    }
  }
  return [...collided]
}

function ifDamaged(instead: Records): (error: unknown) => Records {
  return (error) => {
    if (error instanceof DamagedError) return instead
    throw error
  }
}

/** HEAD's record keeps the key whoever came first: it is committed. Live's moves. */
function withRekeys(
  merge: MergedCollection,
  sides: { readonly ours: Records; readonly theirs: Records; readonly decided: readonly Decision[] },
): LiveMerge {
  const keys = new Set(merge.collisions.map(({ key }) => key))
  const changes = merge.changes.filter((change) => !keys.has(change.key))
  const rekeys: Rekey[] = []
  for (const key of keys) {
    const [before, after] = [sides.ours.get(key), sides.theirs.get(key)]
    if (before === undefined || after === undefined) continue
    changes.push({ key, before, after })
    rekeys.push({ key, moved: before })
  }
  const decisions = [...sides.decided, ...merge.decisions]
  return { changes, decisions, rekeys, above: greatest([sides.ours, sides.theirs]) }
}

function greatest(sides: readonly Records[]): bigint {
  let above = 0n
  for (const records of sides)
    for (const key of records.keys()) {
      const number = integerOf(key)
      if (number !== undefined && number > above) above = number
    }
  return above
}
