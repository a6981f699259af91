/**
 * What of a reconciliation can be written into this database: all of it at first; less when the database refuses records that no merge could know of (checks, NOT NULL,
 * exclusion, partial and expression indexes). A refused record made of both sides becomes the winner's; any other is withheld, and the rest goes on. Plans only.
 */
import { sameContent } from '../merge/versions.ts'
import { withholdingOf, type Keys } from '../merge/constraints/withhold.ts'
import { wholeWinner } from '../merge/constraints/whole.ts'
import { mergeRecord } from '../merge/record.ts'
import { compareBytes, type KeyText, type RecordText } from '../model/canonical.ts'
import type { Change } from '../model/change.ts'
import type { Decision } from '../model/decision.ts'
import type { Quarantined } from '../model/quarantine.ts'
import { NO_WRITER } from './record-stamps.ts'
import type { SoundPlan, SoundSource } from './sound-source.ts'
import type { Source } from './source.ts'
import type { Withheld, WithheldRecords } from './withheld.ts'

/** What a database said of one record, and how often. */
export interface Refusal {
  readonly constraint: string
  readonly times: number
}

/** Collection → key → refusal. */
export type Refusals = ReadonlyMap<string, ReadonlyMap<KeyText, Refusal>>

export interface PlaceInput {
  readonly plan: SoundPlan
  readonly sound: SoundSource
  readonly withheld: WithheldRecords
  /** Try again what was withheld, also where nothing moved. */
  readonly retry: boolean
  readonly refusals: Refusals
}

export interface Placed {
  /** From live as it is; by collection. */
  readonly changes: ReadonlyMap<string, readonly Change[]>
  readonly decisions: readonly Decision[]
  readonly quarantined: readonly Quarantined[]
  /** What is withheld once this is applied, for each collection where that is or was any. */
  readonly withheld: WithheldRecords
  /** What is settled now, or withheld otherwise than before: it leaves the quarantine. */
  readonly released: readonly Quarantined[]
}

/** One record on its way into live. */
interface Attempt extends Change {
  /** What live should hold. */
  readonly meant: RecordText | undefined
}

type Attempts = Map<string, Map<KeyText, Attempt>>

export async function placeChanges(source: Source, input: PlaceInput): Promise<Placed> {
  const attempts = attemptsOf(source, input)
  const { refused, decisions } = await answerRefusals(source, input, attempts)
  const staying = stayingKeys(source, input, { attempts, refused })
  const withheld = withheldAfter(input, attempts, staying)
  const fresh = newlyWithheld(input, attempts, withheld)
  const changes = [...attempts].map(([name, list]) => [name, writable(list, staying.get(name))] as const)
  return {
    changes: new Map(changes.filter(([, list]) => list.length > 0)),
    decisions: [...decisions, ...fresh.map(decisionOf)],
    quarantined: fresh.flatMap(quarantinedOf),
    withheld,
    released: releasedBy(input, withheld),
  }
}

/** The sound changes, led from live as it is; and what was withheld before, tried again where it moved or where that is asked for. */
function attemptsOf(source: Source, { sound, withheld, retry }: PlaceInput): Attempts {
  const attempts: Attempts = new Map()
  for (const [name, { actual }] of sound.parts) {
    const changes = (sound.changes.get(name) ?? []).map(
      (change) => [change.key, { ...change, meant: change.after }] as const,
    )
    const list = new Map<KeyText, Attempt>(changes)
    for (const [key, refused] of withheld.get(name) ?? []) {
      const change = list.get(key)
      list.delete(key)
      if (change === undefined && !retry) continue
      const meant = change === undefined ? refused.meant : change.after
      const before = actual.get(key)
      // somebody put it in place meanwhile
      const own = before === refused.meant ? before : refused.own
      const after = together(source, { name, key, own, before, meant })
      list.set(key, { ...change, key, before, after, meant })
    }
    attempts.set(name, list)
  }
  return attempts
}

/** What was meant, with what live did to its own record since that was refused. */
function together(
  source: Source,
  record: {
    readonly name: string
    readonly key: KeyText
    readonly own: RecordText | undefined
    readonly before: RecordText | undefined
    readonly meant: RecordText | undefined
  },
): RecordText | undefined {
  const { name, key, own, before, meant } = record
  const rules = source.rules(name)
  if (own === before) return meant
  const stamps = { ours: { ...NO_WRITER, at: 2 }, theirs: NO_WRITER }
  const outcome = mergeRecord({ key, base: own, ours: before, theirs: meant, rules, stamps, join: true })
  return outcome.kind === 'merged' ? outcome.text : outcome.kept
}

/** What becomes of the refused records: one made of both sides becomes the winner's, which is tried once; any other stays as it is here. */
async function answerRefusals(
  source: Source,
  input: PlaceInput,
  attempts: Attempts,
): Promise<{ readonly refused: Keys; readonly decisions: readonly Decision[] }> {
  const refused = new Map([...input.refusals.keys()].map((name) => [name, new Set<KeyText>()]))
  const decisions: Decision[] = []
  for (const [name, refusals] of input.refusals)
    for (const [key, { times }] of refusals) {
      const attempt = attempts.get(name)?.get(key)
      const whole = attempt === undefined ? undefined : await wholeRecord(source, input, { name, attempt })
      if (attempt === undefined) continue
      if (whole !== undefined) attempts.get(name)?.set(key, { ...attempt, meant: whole.chosen, after: whole.chosen })
      if (whole !== undefined) decisions.push(whole)
      if (whole === undefined || times > 1) refused.get(name)?.add(key)
    }
  return { refused, decisions }
}

/** The winner's record where two sides wrote it and what they make together is neither's: live and HEAD, or the lines of history that HEAD unites. */
async function wholeRecord(
  source: Source,
  { sound }: PlaceInput,
  { name, attempt }: { readonly name: string; readonly attempt: Attempt },
): Promise<Decision | undefined> {
  const { key, before: live, after } = attempt
  const past = await sound.pastOf(name)
  if (past === undefined || after === undefined) return undefined
  const rules = source.rules(name)
  const isSame = (a: RecordText | undefined, b: RecordText | undefined): boolean => sameContent(a, b, rules)
  const [theirs, base] = [past.theirs.get(key), past.former.at(-1)?.get(key)]
  const wroteHere = live !== undefined && !isSame(live, past.former[0]?.get(key))
  const lines = wroteHere ? [live, theirs] : (await sound.linesOf(name)).map((records) => records.get(key))
  const versions = [...new Set(lines)].filter((text) => text !== undefined).filter((text) => !isSame(text, base))
  const [ours, other] = wroteHere ? versions : versions.toSorted(compareBytes)
  if (ours === undefined || other === undefined || versions.some((text) => isSame(text, after))) return undefined
  const stamps = {
    ours: wroteHere ? past.uncommitted : past.committed(key, ours),
    theirs: past.committed(key, other),
  }
  const { side, rule } = wholeWinner({ base, ours, theirs: other, rules, stamps })
  const chosen = side === 'ours' ? ours : other
  return { collection: name, key, field: undefined, kind: 'constraint', base, ours, theirs: other, chosen, rule }
}

/** The refused records, and what cannot be written without them. */
function stayingKeys(
  source: Source,
  input: PlaceInput,
  { attempts, refused }: { readonly attempts: Attempts; readonly refused: Keys },
): Keys {
  if (input.refusals.size === 0) return new Map()
  const parts = [...attempts].map(([name, list]) => {
    const ours = input.sound.parts.get(name)?.actual ?? new Map<KeyText, RecordText>()
    return [name, { rules: source.rules(name), ours, changes: [...list.values()] }] as const
  })
  const schemas = new Map([...source.selections].map(([name, { schema }]) => [name, schema]))
  return withholdingOf(new Map(parts), schemas, refused)
}

function writable(list: ReadonlyMap<KeyText, Attempt>, staying: ReadonlySet<KeyText> | undefined): Change[] {
  const writes = [...list.values()].filter(({ key }) => staying?.has(key) !== true)
  return writes.filter(isWrite)
}

/** A record that stays the same is written where what is not exported of it changes hands; a witness is only looked at. */
function isWrite({ before, after, reassigned, from, witness }: Change): boolean {
  return before !== after || reassigned === true || from !== undefined || witness === true
}

/** What was not tried stays withheld, what was tried and stays is withheld as it was meant this time; what is written is settled. */
function withheldAfter(input: PlaceInput, attempts: Attempts, staying: Keys): WithheldRecords {
  const after = new Map<string, Map<KeyText, Withheld>>()
  for (const name of new Set([...attempts.keys(), ...input.withheld.keys()])) {
    const [known, tried] = [input.withheld.get(name), attempts.get(name)]
    const kept = [...(known ?? [])].filter(([key]) => tried?.has(key) !== true)
    const records = new Map(kept)
    for (const key of staying.get(name) ?? []) {
      const attempt = tried?.get(key)
      if (attempt === undefined) continue
      const { before, meant } = attempt
      const constraint = input.refusals.get(name)?.get(key)?.constraint ?? 'a record that it depends on'
      records.set(key, { own: known?.has(key) === true ? known.get(key)?.own : before, meant, constraint })
    }
    if (known !== undefined || records.size > 0) after.set(name, records)
  }
  return after
}

interface NewlyWithheld {
  readonly collection: string
  readonly attempt: Attempt
  readonly constraint: string
}

/** What is not known yet, from this or an earlier run. */
function newlyWithheld(input: PlaceInput, attempts: Attempts, withheld: WithheldRecords): NewlyWithheld[] {
  return [...withheld].flatMap(([collection, records]) =>
    [...records].flatMap(([key, { meant, constraint }]) => {
      const known = input.withheld.get(collection)?.get(key)
      const attempt = attempts.get(collection)?.get(key)
      const isKnown = attempt === undefined || (known !== undefined && known.meant === meant)
      return isKnown ? [] : [{ collection, attempt, constraint }]
    }),
  )
}

function decisionOf({ collection, attempt }: NewlyWithheld): Decision {
  const { key, before: ours, meant: theirs } = attempt
  const place = { collection, key, field: undefined, kind: 'constraint' } as const
  return { ...place, base: undefined, ours, theirs, chosen: ours, rule: 'refused' }
}

/** A deletion that was refused loses nothing. */
function quarantinedOf({ collection, attempt: { key, meant }, constraint }: NewlyWithheld): Quarantined[] {
  return meant === undefined ? [] : [{ collection, key, record: meant, reason: reasonOf(constraint) }]
}

function releasedBy(input: PlaceInput, withheld: WithheldRecords): Quarantined[] {
  return [...input.withheld].flatMap(([collection, records]) =>
    [...records].flatMap(([key, { meant: record, constraint }]) => {
      const now = withheld.get(collection)?.get(key)
      if (record === undefined || (now !== undefined && now.meant === record)) return []
      return [{ collection, key, record, reason: reasonOf(constraint) }]
    }),
  )
}

function reasonOf(constraint: string): string {
  return `a database refuses it: ${constraint}`
}
