/** Reads live for a merge: of a collection that was marked only the files that live, the sync point and HEAD do not have alike; any other whole. */
import { changedFiles } from '../../exports/changed-files.ts'
import { type CommittedCollection, readCommitted, readRecords } from '../../exports/committed.ts'
import { isUnreadableExport } from '../../exports/part-records.ts'
import { NotRead } from '../../git/history/lazily.ts'
import type { StateChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { once } from '../../model/once.ts'
import { type Live, type Moment, atMoment } from '../../source/live.ts'
import { type LiveMark, WORN, markEntry, marksIn } from '../../source/marks.ts'
import type { Source } from '../../source/source.ts'
import { readWithheld } from '../../source/withheld.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'
import { type LivePart, readPart } from '../../sync-point/live-parts.ts'

/** Live, and new marks for collections of which much was read that had only been written by earlier pulls. */
export interface Mergeable extends Live {
  readonly marks: StateChanges
}

/** How much is read. */
export interface ReadingLive {
  readonly nowMs: number
  /** All of every collection. */
  readonly whole: boolean
}

/** Live for the collections that HEAD changed. @throws UnreachableError; DamagedError when an export that has to be read is damaged */
export async function readMergeable(
  source: Source,
  changed: readonly MergeableCollection[],
  { nowMs, whole }: ReadingLive,
): Promise<Mergeable> {
  const sides = changed.map(({ name, base, theirs, former }) => {
    const hasBoth = former === undefined && base !== undefined && theirs !== undefined
    return [name, hasBoth ? [base, theirs] : undefined] as const
  })
  return atMoment(source, async (moment) => {
    const parts = await readInParts(source, moment, whole ? [] : sides)
    const rest = await moment.live(changed.map(({ name }) => name).filter((name) => !parts.has(name)))
    const marks = new Map<string, string>()
    for (const each of changed) {
      const part = parts.get(each.name)
      const mark =
        part === undefined
          ? await wholeMark(source, moment, { each, live: rest, nowMs })
          : await partMark(source, each, part)
      if (mark !== undefined) marks.set(...markEntry(each.name, mark))
    }
    return { ...together(rest, parts), marks }
  })
}

/** Live for collections that HEAD did not change. @throws UnreachableError */
export async function readUnmoved(source: Source, names: readonly string[], whole: boolean): Promise<Live> {
  return atMoment(source, async (moment) => {
    const parts = await readInParts(source, moment, whole ? [] : names.map((name) => [name, []]))
    return together(await moment.live(names.filter((name) => !parts.has(name))), parts)
  })
}

function together(rest: Live, parts: ReadonlyMap<string, LivePart>): Live {
  const records = [...parts].map(([name, part]) => [name, part.records] as const)
  return {
    ...rest,
    collections: new Map([...rest.collections, ...records]),
    actual: new Map([...rest.actual, ...records]),
  }
}

type FoundPart = LivePart & { readonly since: LiveMark }

/** Of the named collections those that can be read in part. @param sides for each the exports with which it will be compared; undefined: it has to be read whole */
async function readInParts(
  source: Source,
  moment: Moment,
  sides: readonly (readonly [name: string, compared: readonly CommittedCollection[] | undefined])[],
): Promise<ReadonlyMap<string, FoundPart>> {
  const committedAt = once((id: string) => readCommitted(source, id).catch(() => undefined))
  const [withheld, marks] = [readWithheld(moment.state), marksIn(moment.state)]
  const parts = new Map<string, FoundPart>()
  for (const [name, compared] of sides) {
    const [selection, mark] = [source.selections.get(name), marks.get(name)]
    if (selection === undefined || mark === undefined || compared === undefined || withheld.has(name)) continue
    const exported = isExact(selection) ? (await committedAt(mark.commit))?.get(name) : undefined
    if (exported === undefined) continue
    const part = await readPart(source, moment, { selection, mark, exported, compared })
    if (part !== undefined) parts.set(name, { ...part, since: mark })
  }
  return parts
}

/** A new mark for a collection of which much was read that only earlier pulls had written, if it now holds just what its sync point does. */
async function partMark(
  source: Source,
  { base, past }: MergeableCollection,
  { records, written, mark, since }: FoundPart,
): Promise<LiveMark | undefined> {
  if (written <= WORN / 2 || past.kind === 'new') return undefined
  const { known, buckets, size: count } = records
  const committed = await readRecords(source, base, buckets)
  const isAt = committed.size === known.size && [...known].every(([key, text]) => committed.get(key) === text)
  return isAt ? { commit: past.base, count, text: mark, fullAt: since.fullAt } : undefined
}

/** A mark of a collection that was read whole, if it holds just what its sync point does: the next pull need not read it whole again. */
async function wholeMark(
  source: Source,
  moment: Moment,
  { each, live, nowMs }: { readonly each: MergeableCollection; readonly live: Live; readonly nowMs: number },
): Promise<LiveMark | undefined> {
  const { name, base, past, former } = each
  const [selection, records] = [source.selections.get(name), live.collections.get(name)]
  if (records === undefined || records.size < WORN || live.withheld.has(name) || live.unreadable.has(name))
    return undefined
  if (base === undefined || past.kind === 'new' || former !== undefined) return undefined
  if (selection === undefined || !isExact(selection)) return undefined
  const text = await moment.mark(selection)
  if (text === undefined) return undefined
  const { writes } = await changedFiles(source, { selection, live: records, head: base, layout: base.layout })
  return writes.size === 0 ? { commit: past.base, count: records.size, text, fullAt: nowMs } : undefined
}

/** Plans with parts; where more of them is needed than could be read on the way, or their commit is damaged, once more with all records. `work` must not have written anything when it throws these errors. */
export async function inParts<Made>(work: (whole: boolean) => Promise<Made>): Promise<Made> {
  try {
    return await work(false)
  } catch (error) {
    if (!(error instanceof NotRead || isUnreadableExport(error))) throw error
    return work(true)
  }
}

/** True when an export has the very text that live gives, so that it can be written over as such: neither the order of fields nor those that the database computes are left to live. */
function isExact({ schema, derived }: Selection): boolean {
  return schema.order !== 'kept' && derived.length === 0
}
