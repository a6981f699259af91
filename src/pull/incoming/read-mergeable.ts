/** Reads live for a merge: of a collection that was marked only the files that live, the sync point and HEAD do not have alike; all others whole. */
import { changedFiles } from '../../exports/changed-files.ts'
import { type CommittedCollection, readCommitted, readRecords } from '../../exports/committed.ts'
import { NotRead } from '../../git/history/lazily.ts'
import type { StateChanges } from '../../model/change.ts'
import type { Selection } from '../../model/collection.ts'
import { once } from '../../model/once.ts'
import type { Records } from '../../model/records.ts'
import { type Live, type Moment, atMoment } from '../../source/live.ts'
import { WORN, markEntry, marksIn } from '../../source/marks.ts'
import type { Source } from '../../source/source.ts'
import { readWithheld } from '../../source/withheld.ts'
import type { MergeableCollection } from '../../sync-point/changed-collections.ts'
import { type LivePart, readPart } from '../../sync-point/live-parts.ts'

/** Live, and new marks for collections of which much was read that had only been written by earlier pulls. */
export interface Mergeable extends Live {
  readonly marks: StateChanges
}

/** @throws UnreachableError; DamagedError when an export that has to be read is damaged */
export async function readMergeable(
  source: Source,
  changed: readonly MergeableCollection[],
  { nowMs, whole = false }: { readonly nowMs: number; readonly whole?: boolean | undefined },
): Promise<Mergeable> {
  const committedAt = once((id: string) => readCommitted(source, id).catch(() => undefined))
  return atMoment(source, async (moment) => {
    const [withheld, marks] = [readWithheld(moment.state), marksIn(moment.state)]
    const [parts, renewed] = [new Map<string, LivePart>(), new Map<string, string>()]
    for (const { name, base, theirs, former, past } of whole ? [] : changed) {
      const [selection, mark] = [source.selections.get(name), marks.get(name)]
      if (selection === undefined || mark === undefined || withheld.has(name) || former !== undefined) continue
      const exported = (await committedAt(mark.commit))?.get(name)
      if (exported === undefined || base === undefined || theirs === undefined || !isExact(selection)) continue
      const part = await readPart(source, moment, { selection, mark, exported, compared: [base, theirs] })
      if (part === undefined) continue
      parts.set(name, part)
      if (part.written <= WORN / 2 || past.kind === 'new' || !(await isAt(source, part, base))) continue
      const { size: count } = part.records
      renewed.set(...markEntry(name, { commit: past.base, count, text: part.mark, fullAt: mark.fullAt }))
    }
    const live = await moment.live(changed.map(({ name }) => name).filter((name) => !parts.has(name)))
    const records = [...parts].map(([name, part]) => [name, part.records] as const)
    for (const each of changed) {
      const all = parts.has(each.name) || withheld.has(each.name) ? undefined : live.collections.get(each.name)
      const text = all === undefined ? undefined : await markOf(source, moment, { each, all })
      if (all === undefined || text === undefined || each.past.kind === 'new') continue
      renewed.set(...markEntry(each.name, { commit: each.past.base, count: all.size, text, fullAt: nowMs }))
    }
    return {
      ...live,
      collections: new Map([...live.collections, ...records]),
      actual: new Map([...live.actual, ...records]),
      marks: renewed,
    }
  })
}

/** A mark of a collection that was read whole, if it holds just what its sync point does: so the next pull need not read it whole again. */
async function markOf(
  source: Source,
  moment: Moment,
  { each, all }: { readonly each: MergeableCollection; readonly all: Records },
): Promise<string | undefined> {
  const { base, former } = each
  const selection = source.selections.get(each.name)
  if (base === undefined || former !== undefined || selection === undefined || all.size < WORN) return undefined
  const text = isExact(selection) ? await moment.mark(selection) : undefined
  if (text === undefined) return undefined
  const { writes } = await changedFiles(source, { selection, live: all, head: base, layout: base.layout })
  return writes.size === 0 ? text : undefined
}

/** True when live holds just what an export does that was compared with it. */
async function isAt(source: Source, { records }: LivePart, exported: CommittedCollection): Promise<boolean> {
  const { known, buckets } = records
  const committed = await readRecords(source, exported, buckets)
  return committed.size === known.size && [...known].every(([key, text]) => committed.get(key) === text)
}

/** Plans with parts; where more of them is needed than could be read on the way, once more with all records. `work` must not have written anything when it throws NotRead. */
export async function inParts<Made>(work: (whole: boolean) => Promise<Made>): Promise<Made> {
  try {
    return await work(false)
  } catch (error) {
    if (!(error instanceof NotRead)) throw error
    return work(true)
  }
}

/** True when an export has the very text that live gives, so that it can be written over as such: neither the order of fields nor those that the database computes are left to live. */
function isExact({ schema, derived }: Selection): boolean {
  return schema.order !== 'kept' && derived.length === 0
}
