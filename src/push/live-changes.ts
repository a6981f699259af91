/**
 * What live holds, for an export. A collection that was marked when it was last exported is not read again as a whole: what was written since, over what was exported then, is what it
 * holds. Wherever that cannot be told for certain, all of it is read.
 */
import { type Committed, readCommitted } from '../exports/committed.ts'
import { needsRelayout } from '../format/layout.ts'
import { once } from '../model/once.ts'
import { type Live, atMoment } from '../source/live.ts'
import { type NewMark, WORN, marksIn } from '../source/marks.ts'
import type { Source } from '../source/source.ts'
import { readWithheld } from '../source/withheld.ts'
import { type LivePart, readPart } from '../sync-point/live-parts.ts'

export interface LiveChanges extends Live {
  /** Of these collections `collections` has only some records. */
  readonly parts: ReadonlyMap<string, LivePart>
  /** Marks of this moment. */
  readonly marks: ReadonlyMap<string, NewMark>
}

/** From time to time everything is read, so that whatever goes wrong with marks mends itself. */
const FULL_EVERY_MS = 7 * 24 * 3_600_000

/** What is read although marks tell what was written. */
export interface Reading {
  /** All of every collection. */
  readonly whole?: boolean
  /** Collections that have outgrown their layout: new ones are chosen for them. */
  readonly relayout?: boolean
}

export interface ChangesQuestion extends Reading {
  /** The exports with which live is to be compared. */
  readonly head: Committed
  readonly nowMs: number
}

/** @throws UnreachableError */
export async function readLiveChanges(source: Source, at: ChangesQuestion): Promise<LiveChanges> {
  const committedAt = once((id: string) => readCommitted(source, id).catch(() => NONE))
  return atMoment(source, async (moment) => {
    const withheld = readWithheld(moment.state)
    const marked = marksIn(moment.state)
    const found = new Map<string, LivePart>()
    for (const [name, mark] of at.whole === true ? [] : marked) {
      const selection = source.selections.get(name)
      const head = at.head.get(name)
      const isOld = Math.abs(at.nowMs - mark.fullAt) > FULL_EVERY_MS
      if (selection === undefined || head === undefined || withheld.has(name) || isOld) continue
      const exported = (await committedAt(mark.commit)).get(name)
      if (exported === undefined) continue
      const part = await readPart(source, moment, { selection, mark, exported, compared: [head] })
      const isOutgrown = part !== undefined && needsRelayout(head.layout, part.records.size, head.buckets.size)
      if (part !== undefined && !(at.relayout === true && isOutgrown)) found.set(name, part)
    }
    const live = await moment.packedLive([...source.selections.keys()].filter((name) => !found.has(name)))
    const records = [...found].map(([name, part]) => [name, part.records] as const)
    const marks = new Map<string, NewMark>()
    for (const [name, selection] of source.selections) {
      if (withheld.has(name) || live.unreadable.has(name)) continue
      const part = found.get(name)
      const text = part?.mark ?? (await moment.mark(selection))
      const count = part?.records.size ?? live.collections.get(name)?.size ?? 0
      const fullAt = part === undefined ? at.nowMs : (marked.get(name)?.fullAt ?? 0)
      if (text !== undefined) marks.set(name, { text, count, fullAt, isDue: part === undefined || part.written > WORN })
    }
    return {
      ...live,
      collections: new Map([...live.collections, ...records]),
      actual: new Map([...live.actual, ...records]),
      parts: found,
      marks,
    }
  })
}

const NONE: Committed = new Map()
