/**
 * What must come out when two machines exchange what their bots did since they last agreed, told from the changes alone: for each field the values that are right, for
 * each record whether it may, must or must not be there. Knows nothing of git, commits or stamps.
 */
import type { Fields } from '../../support/live-database.ts'
import { COUNTER, type Snapshot } from './bot.ts'

/** What one machine's bot did to one record since both agreed. */
export interface Touched {
  /** The field's values before and after were different at some write. */
  readonly fields: Set<string>
  deleted: boolean
}

/** `collection key` → what was done. */
export type Touches = Map<string, Touched>

/** Adds the difference of two files of a bot. */
export function touch(touches: Touches, before: Snapshot, after: Snapshot): void {
  for (const [collection, records] of Object.entries(after)) {
    const old = before[collection] as ReadonlyMap<string, Fields>
    for (const key of new Set([...old.keys(), ...records.keys()])) {
      const fields = differing(old.get(key), records.get(key))
      if (fields.length === 0) continue
      const name = `${collection} ${key}`
      const touched = touches.get(name) ?? { fields: new Set<string>(), deleted: false }
      touches.set(name, touched)
      if (!records.has(key)) touched.deleted = true
      else for (const field of fields) touched.fields.add(field)
    }
  }
}

function differing(a: Fields | undefined, b: Fields | undefined): string[] {
  return Object.keys(a ?? b ?? {}).filter((name) => a?.[name] !== b?.[name])
}

export interface Side {
  readonly now: Snapshot
  readonly touches: Touches
}

export interface Contest {
  readonly collection: string
  readonly key: string
  readonly field: string
}

/** What is wrong with an outcome, and which values had to lose (they must be found in a report). */
export function judge(
  base: Snapshot,
  sides: readonly [Side, Side],
  outcome: Snapshot,
): { readonly problems: string[]; readonly contests: Contest[] } {
  const problems: string[] = []
  const contests: Contest[] = []
  for (const [collection, records] of Object.entries(outcome)) {
    const keys = new Set<string>([
      ...records.keys(),
      ...sides.flatMap(({ now }) => [...(now[collection]?.keys() ?? [])]),
    ])
    for (const key of keys) {
      const at = { collection, key, base: base[collection]?.get(key), result: records.get(key) }
      const both = sides.map(({ now, touches }) => ({
        now: now[collection]?.get(key),
        touched: touches.get(`${collection} ${key}`),
      }))
      problems.push(...judgeRecord(at, both as [Half, Half], contests))
    }
  }
  return { problems, contests }
}

interface Half {
  readonly now: Fields | undefined
  readonly touched: Touched | undefined
}

interface Judged {
  readonly collection: string
  readonly key: string
  readonly base: Fields | undefined
  readonly result: Fields | undefined
}

function judgeRecord(at: Judged, halves: readonly [Half, Half], contests: Contest[]): string[] {
  const { collection, key, result } = at
  const name = `${collection} ${key}`
  const [a, b] = halves
  const gone = halves.filter(({ now }) => now === undefined)
  if (gone.length === 2) return result === undefined ? [] : [`${name}: nobody has it, and it is there again`]
  if (gone.length === 1) {
    const left = a.now === undefined ? b : a
    const other = a.now === undefined ? a : b
    const isDelete = other.touched?.deleted === true
    if (isDelete && left.touched === undefined) return result === undefined ? [] : [`${name}: a delete was undone`]
    // new on one side, or deleted on one and changed on the other: it stays as the living side has it
    return result === undefined
      ? [`${name}: lost`]
      : Object.keys(result).flatMap((field) => sameField(at, field, [left]))
  }
  if (result === undefined) return [`${name}: both have it, and it is gone`]
  return Object.keys(result).flatMap((field) => judgeField(at, field, { halves, contests }))
}

function sameField({ collection, key, result }: Judged, field: string, right: readonly Half[]): string[] {
  const values = right.map(({ now }) => now?.[field])
  if (values.includes(result?.[field])) return []
  return [`${collection} ${key}: ${field} is ${String(result?.[field])}, right is ${values.map(String).join(' or ')}`]
}

function judgeField(
  at: Judged,
  field: string,
  { halves, contests }: { readonly halves: readonly [Half, Half]; readonly contests: Contest[] },
): string[] {
  const [a, b] = halves
  const wrote = halves.filter(({ touched }) => touched !== undefined && (touched.fields.has(field) || touched.deleted))
  if (field === COUNTER && at.base !== undefined && halves.every(({ touched }) => touched?.deleted !== true)) {
    const wanted = Number(a.now?.[field]) + Number(b.now?.[field]) - Number(at.base[field])
    const value = Number(at.result?.[field])
    return value === wanted ? [] : [`${at.collection} ${at.key}: ${field} counts ${value} instead of ${wanted}`]
  }
  // came back on one side: what it was set to then, and the other side's changes since
  if (field === COUNTER && at.base !== undefined && wrote.length === 2)
    return sameCounter(at, halves, Number(at.base[field]))
  if (wrote.length === 1) return sameField(at, field, wrote)
  const isContest = wrote.length === 2 && halves.every(({ now }) => now?.[field] !== at.base?.[field])
  if (isContest && a.now?.[field] !== b.now?.[field]) contests.push({ collection: at.collection, key: at.key, field })
  return sameField(at, field, halves)
}

/** A counter that was set anew with its record, beside changes that did not know of it: set to one side's, plus the other's changes; or set on both, and one of them stands. */
function sameCounter({ collection, key, result }: Judged, [a, b]: readonly [Half, Half], base: number): string[] {
  const [mine, other] = [Number(a.now?.[COUNTER]), Number(b.now?.[COUNTER])]
  const right = new Set([mine, other, mine + other - base])
  if (right.has(Number(result?.[COUNTER]))) return []
  return [`${collection} ${key}: ${COUNTER} is ${String(result?.[COUNTER])}, right is one of ${[...right].join(', ')}`]
}
