/**
 * What users did on real machines, as they saw it: every value is written once, and whoever writes one over another has seen that other. From that alone follows what may
 * stand in the end, and which values lost and must be in a report.
 */

/** A value somebody wrote into a field of an item. */
interface Value {
  readonly item: string
  readonly field: string
  readonly text: string
  /** What it was written over. */
  readonly over: Value | undefined
  /** Someone who saw it wrote over it, or deleted the record with it. */
  overwritten: boolean
  deleted: boolean
}

export type Item = Readonly<Record<string, string | null>>

export interface Ledger {
  readonly values: Map<string, Value>
  /** Item → the sum of all changes to its counter, as long as it was never deleted or added again. */
  readonly sums: Map<string, number>
  /** Items that were deleted or added at some time after the start: their counters and presence depend on more than their values. */
  readonly unsteady: Set<string>
  readonly notes: Set<string>
  /** What people chose in merges by hand, also where it had been written over elsewhere: names of values, and of their items. */
  readonly decided: Set<string>
  /** Items whose counter somebody changed: a write too, that may keep an item which another machine deletes. */
  readonly counted: Set<string>
}

export const FIELDS = ['a', 'b'] as const

const nameOf = (item: string, field: string, text: string): string => `${item} ${field} ${text}`

export function newLedger(items: readonly Item[]): Ledger {
  const ledger: Ledger = {
    values: new Map(),
    sums: new Map(),
    unsteady: new Set(),
    notes: new Set(),
    decided: new Set(),
    counted: new Set(),
  }
  for (const item of items) {
    enter(ledger, item)
    ledger.sums.set(String(item['id']), 0)
  }
  return ledger
}

function enter(ledger: Ledger, item: Item): void {
  const id = String(item['id'])
  for (const field of FIELDS) {
    const text = String(item[field])
    put(ledger, { item: id, field, text, over: undefined })
  }
}

function put(ledger: Ledger, value: Pick<Value, 'item' | 'field' | 'text' | 'over'>): void {
  ledger.values.set(nameOf(value.item, value.field, value.text), { ...value, overwritten: false, deleted: false })
}

/** A user adds an item that is not there. */
export function noteAdd(ledger: Ledger, item: Item): void {
  ledger.unsteady.add(String(item['id']))
  enter(ledger, item)
}

/** A user who sees `before` writes a field. */
export function noteEdit(ledger: Ledger, before: Item, [field, text]: readonly [string, string]): void {
  const id = String(before['id'])
  const over = ledger.values.get(nameOf(id, field, String(before[field])))
  if (over !== undefined) over.overwritten = true
  put(ledger, { item: id, field, text, over })
}

/** A user who sees `before` deletes it. */
export function noteDelete(ledger: Ledger, before: Item): void {
  const id = String(before['id'])
  ledger.unsteady.add(id)
  for (const field of FIELDS) {
    const seen = ledger.values.get(nameOf(id, field, String(before[field])))
    if (seen !== undefined) seen.deleted = true
  }
}

/** A user takes one side of a merge as it is, where the two differ. What that drops is put back by an export, and an export that is rebased writes what it puts back. */
export function noteDecided(ledger: Ledger, chosen: readonly Item[], dropped: readonly Item[]): void {
  const differing = (item: Item): readonly (typeof FIELDS)[number][] => {
    const other = dropped.find((each) => each['id'] === item['id'])
    return FIELDS.filter((field) => other?.[field] !== item[field])
  }
  for (const item of chosen)
    for (const field of differing(item)) {
      const id = String(item['id'])
      ledger.decided.add(id).add(nameOf(id, field, String(item[field])))
    }
}

export function noteCount(ledger: Ledger, id: string, change: number): void {
  ledger.counted.add(id)
  ledger.sums.set(id, (ledger.sums.get(id) ?? 0) + change)
}

export interface Ending {
  readonly items: readonly Item[]
  readonly notes: readonly Item[]
  /** Everything the reports name as a value of either side. */
  readonly reported: string
  /** Some merge was made by hand: what it decided stands. */
  readonly byHand: boolean
}

/** What the end lacks, or has too much of; empty when all is well. */
export function judge(ledger: Ledger, ending: Ending): string[] {
  const ids = new Set([...ledger.values.values()].map(({ item }) => item))
  const problems = [...ids].flatMap((id) => judgeItem(ledger, id, ending))
  const bodies = ending.notes.map(({ body }) => String(body))
  for (const body of ledger.notes) {
    const count = bodies.filter((each) => each === body).length
    if (count !== 1) problems.push(`note ${body} is there ${count} times`)
  }
  return problems
}

function judgeItem(ledger: Ledger, id: string, ending: Ending): string[] {
  const item = ending.items.find((each) => each['id'] === id)
  const open = [...ledger.values.values()].filter((value) => value.item === id && !value.overwritten)
  const alive = open.filter(({ deleted }) => !deleted)
  const unreported = alive.filter(({ text }) => !ending.reported.includes(text))
  if (item === undefined)
    return unreported.map(({ field, text }) => `${id} is gone with ${field} = ${text}, which nobody deleted`)
  if (alive.length === 0)
    return ledger.counted.has(id) || ledger.decided.has(id)
      ? []
      : [`${id} is there although it was deleted as it stood`]
  return [
    ...FIELDS.flatMap((field) =>
      judgeField(
        { text: String(item[field]), isDecided: ledger.decided.has(nameOf(id, field, String(item[field]))) },
        open.filter((value) => value.field === field),
        ending,
      ),
    ),
    ...judgeCounter(ledger, item, ending),
  ]
}

function judgeField(
  { text: final, isDecided }: { readonly text: string; readonly isDecided: boolean },
  open: readonly Value[],
  { reported }: Ending,
): string[] {
  const [first] = open
  if (first === undefined) return []
  if (open.every(({ deleted }) => deleted)) return []
  const where = `${first.item}.${first.field}`
  if (!isDecided && !open.some((value) => value.text === final || (value.deleted && isUnder(value, final)))) {
    return [`${where} is ${final}, and should be ${open.map(({ text }) => text).join(' or ')}`]
  }
  const lost = open.filter(({ text, deleted }) => text !== final && !deleted && !reported.includes(text))
  return lost.map(({ text }) => `${where} = ${text} lost to ${final}, and no report says so`)
}

/** What was written and deleted between two exports is nowhere: the record is kept as it was before. */
function isUnder({ over }: Value, text: string): boolean {
  return over !== undefined && (over.text === text || isUnder(over, text))
}

function judgeCounter(ledger: Ledger, item: Item, { byHand }: Ending): string[] {
  const id = String(item['id'])
  if (byHand || ledger.unsteady.has(id)) return []
  const sum = ledger.sums.get(id)
  return Number(item['n']) === sum ? [] : [`${id}.n is ${item['n']}, and should be ${sum}`]
}
