/** What users do to the record in a live database: change some fields, put old values back, move its time forward, backward or not at all, delete it, add it again. */
import { arrayText, objectText, type RecordText, splitArray, splitObject } from '../../../src/model/canonical.ts'
import type { Random } from './random.ts'
import { DOCUMENT, type Registers, putTogether, type Shape, takeApart } from './registers.ts'

/** How one history's users behave; percentages. */
export interface Habits {
  readonly timeMoves: number
  readonly deletes: number
  /** Values that occur once in a history; the others come from a small pool and are often equal. */
  readonly unique: number
}

export interface Editing {
  readonly shape: Shape
  readonly habits: Habits
  readonly random: Random
  /** The machine's clock. */
  readonly now: number
  /** Counts the values written so far, so that unique ones are. */
  readonly serial: () => number
}

/** The record after an edit; `undefined` when it was deleted. */
export function editLive(live: RecordText | undefined, editing: Editing): RecordText | undefined {
  const { random, shape, habits } = editing
  if (live === undefined) return putTogether(newRecord(editing), shape)
  if (random.chance(habits.deletes)) return undefined
  const registers = [...takeApart(live, shape)]
  for (let count = random.chance(60) ? 1 : random.integer(1, 3); count > 0; count--) {
    const register = random.integer(0, shape.names.length - 1)
    if (register !== shape.time) registers[register] = valueFor(register, registers[register], editing)
  }
  if (random.chance(habits.timeMoves)) registers[shape.time] = timeFor(editing)
  return putTogether(registers, shape)
}

function newRecord(editing: Editing): Registers {
  const { names, time } = editing.shape
  return names.map((_, register) => (register === time ? timeFor(editing) : valueFor(register, undefined, editing)))
}

/** A value for a register, often another than before. */
export function valueFor(register: number, before: string | undefined, editing: Editing): string | undefined {
  const { random, shape } = editing
  const name = shape.names[register] as string
  if (name === 'n') return countFor(before, random)
  if (name.startsWith('tags ')) return before === undefined || random.chance(30) ? 'in' : undefined
  if (name === 'tags' && shape.rules.arrays['tags'] !== undefined) return legsFor(before, editing)
  if (name === 'tags') return random.pick(['["x"]', '["x","y"]', '[]', undefined])
  if (name === 'doc' || name === 'doc.in')
    return random.chance(before === DOCUMENT ? 30 : 80) ? kindFor(before, editing) : before
  if (name === 'g1 + g2') return groupFor(editing)
  if (name === 't') return timeFor(editing)
  return scalar(editing)
}

/** A document becomes something else, something else a document. */
function kindFor(before: string | undefined, editing: Editing): string | undefined {
  return before === DOCUMENT ? scalar(editing) : DOCUMENT
}

function groupFor(editing: Editing): string | undefined {
  const entries = [
    ['g1', scalar(editing)],
    ['g2', scalar(editing)],
  ] as const
  const text = objectText(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
  return text === '{}' ? undefined : text
}

/** An array of elements with keys: one is added, removed or changed. */
function legsFor(before: string | undefined, editing: Editing): string {
  const legs = splitArray(before ?? '[]')
  const id = editing.random.integer(1, 3)
  const at = legs.findIndex((leg) => leg.startsWith(`{"id":${id},`))
  if (at < 0) return arrayText([...legs, `{"id":${id},"p":${scalar(editing) ?? 0},"q":0}`])
  if (editing.random.chance(30)) return arrayText(legs.toSpliced(at, 1))
  const fields = splitObject(legs[at] as string).set(editing.random.pick(['p', 'q']), scalar(editing) ?? '1')
  return arrayText(legs.with(at, objectText(fields)))
}

function countFor(before: string | undefined, random: Random): string {
  return String((before === undefined ? 0 : Number(before)) + random.integer(-3, 5))
}

function scalar({ random, habits, serial }: Editing): string | undefined {
  if (random.chance(habits.unique)) return `"v${serial()}"`
  return random.pick(['1', '2', '"x"', '""', 'null', '[1,2]', undefined])
}

/** Mostly now; sometimes in the past, sometimes far ahead. */
function timeFor({ random, now }: Editing): string {
  const off = random.chance(3)
    ? 5_000_000
    : random.chance(20)
      ? -random.integer(1, 100) * 1000
      : -random.integer(0, 3) * 1000
  return String(now + off)
}
