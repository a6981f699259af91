/**
 * Records of live that lost their key in a merge of commits, wherever it was made: the sync point holds them, HEAD has another line's record under the key. Nobody wrote
 * that over live's record, so it is no change to it: live's is moved, as where the merge is made here.
 */
import { readCommitted, readRecords, recordsAt } from '../../exports/committed.ts'
import { formerBetween } from '../../history/former.ts'
import type { Origin, Origins } from '../../history/writers.ts'
import { isCopyOf } from '../../merge/history/copies.ts'
import { areTwoRecords } from '../../merge/identity.ts'
import { type KeyText, type RecordText, sameRecord } from '../../model/canonical.ts'
import type { Decision } from '../../model/decision.ts'
import { DamagedError } from '../../model/errors.ts'
import type { Records } from '../../model/records.ts'
import type { Source } from '../../source/source.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'
import type { Junction } from '../../sync-point/past.ts'
import type { LiveMerge } from '../incoming/merge-live.ts'
import type { CollisionInput } from './world.ts'

/** The merges, with every such record among those that lost their key. */
export async function withLostKeys(
  source: Source,
  input: CollisionInput,
): Promise<ReadonlyMap<MergeableCollection, LiveMerge>> {
  const merges = new Map<MergeableCollection, LiveMerge>()
  for (const [each, merge] of input.merges) {
    const lost = await lostKeys(source, each, { merge, originOf: input.originsOf(each.name) })
    merges.set(each, withLost(each, merge, { lost, live: input.live.get(each.name) as Records }))
  }
  return merges
}

interface LostKey {
  /** HEAD's record; undefined: it was deleted since. */
  readonly after: RecordText | undefined
  /** Of live's record. */
  readonly origin: Origin
}

type Lost = ReadonlyMap<KeyText, LostKey>

async function lostKeys(
  source: Source,
  each: MergeableCollection,
  { merge, originOf }: { readonly merge: LiveMerge; readonly originOf: Origins },
): Promise<Lost> {
  const lost = new Map<KeyText, LostKey>()
  const rules = source.rules(each.name)
  if (each.past.kind === 'new' || (!rules.serialKey && rules.identity === undefined)) return lost
  const changed = merge.changes.filter(({ key }) => !merge.rekeys.some((rekey) => rekey.key === key))
  if (changed.length === 0 || each.past.junctions.length === 0) return lost
  const keys = new Set(changed.map(({ key }) => key))
  const [base, head] = [await recordsAt(source, each.base, keys), await recordsAt(source, each.theirs, keys)]
  const isSuspect = (text: RecordText | undefined, other: RecordText | undefined): text is RecordText =>
    text !== undefined && (other === undefined || areTwoRecords({ ours: text, theirs: other }, rules))
  for (const junction of each.past.junctions) {
    const states = await statesOf(source, each, { junction, keys })
    for (const { key } of changed) {
      const [text, theirs] = [base.get(key), states.theirs.get(key)]
      if (!isSuspect(text, head.get(key)) || theirs === undefined || states.fork.has(key)) continue
      const wasGiven = !sameRecord((states.merged ?? head).get(key), text, rules.order)
      if (!areTwoRecords({ ours: text, theirs }, rules) || !wasGiven) continue
      const [added, other] = [await originOf(each.past.base, key), await originOf(junction.theirs, key)]
      // an amended or rebased commit and its original add one record
      if (added !== undefined && other !== undefined && isCopyOf(added, other)) continue
      const origin = { record: added?.text ?? text, asset: added?.writer.asset ?? '' }
      lost.set(key, { after: head.get(key), origin })
    }
  }
  return lost
}

/** The records of the keys in question. */
interface States {
  readonly fork: Records
  readonly theirs: Records
  /** undefined: the merge left damaged files; what HEAD has become since tells. */
  readonly merged: Records | undefined
}

async function statesOf(
  source: Source,
  each: MergeableCollection,
  { junction, keys }: { readonly junction: Junction; readonly keys: ReadonlySet<KeyText> },
): Promise<States> {
  const former = await formerAt(source, each, junction.fork)
  const at = async (commit: string): Promise<Records> => {
    const committed = await readCommitted(source, commit)
    return recordsAt(source, committed.get(each.name) ?? committed.get(former ?? each.name), keys)
  }
  const merged = await at(junction.merged).catch((error: unknown) => {
    if (error instanceof DamagedError) return undefined
    throw error
  })
  return { fork: await at(junction.fork), theirs: await at(junction.theirs), merged }
}

/** The name that the collection had at the commit, where it was renamed since: what was there under that name was added on neither line. */
async function formerAt(source: Source, each: MergeableCollection, commit: string): Promise<string | undefined> {
  if (each.former !== undefined) return each.former
  const [ours, theirs] = [each.base, each.theirs].map((side) =>
    side === undefined ? undefined : { schema: side.schema, records: () => readRecords(source, side) },
  )
  const found = await formerBetween(source, each.name, { commits: [commit], sides: [ours, theirs] })
  return found?.collection
}

function withLost(
  { name }: MergeableCollection,
  merge: LiveMerge,
  { lost, live }: { readonly lost: Lost; readonly live: Records },
): LiveMerge {
  if (lost.size === 0) return merge
  const [changes, rekeys] = [merge.changes.filter(({ key }) => !lost.has(key)), [...merge.rekeys]]
  const decisions: Decision[] = merge.decisions.filter(({ key }) => !lost.has(key))
  for (const [key, { after, origin }] of lost) {
    const before = live.get(key)
    if (before === undefined) changes.push(...merge.changes.filter((change) => change.key === key))
    if (before === undefined || after === undefined) continue
    changes.push({ key, before, after })
    rekeys.push({ key, moved: before, origin })
    const sides = { base: undefined, ours: before, theirs: after, chosen: after }
    decisions.push({
      collection: name,
      key,
      field: undefined,
      kind: 'key-collision',
      ...sides,
      rule: 'first-committed',
    })
  }
  return { ...merge, changes, rekeys, decisions }
}
