/**
 * What of a reconciliation can be written into this database: all of it at first; less when the database refuses records that no merge could know of (checks, NOT NULL,
 * exclusion, partial and expression indexes). A refused record made of both sides becomes the winner's; any other is withheld, and the rest goes on. Plans only.
 */
import { type KeysByCollection, withholdingOf } from '../../merge/constraints/withhold.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { Source } from '../../source/source.ts'
import { type Withheld, type WithheldRecords, refusedReason } from '../../source/withheld.ts'
import { type Attempt, type Attempts, type AttemptsInput, attemptsOf } from './attempts.ts'
import { type Refusals, answerRefusals } from './refusals.ts'

export interface PlaceInput extends AttemptsInput {
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

/** The refused records, and what cannot be written without them. */
function stayingKeys(
  source: Source,
  input: PlaceInput,
  { attempts, refused }: { readonly attempts: Attempts; readonly refused: KeysByCollection },
): KeysByCollection {
  if (input.refusals.size === 0) return new Map()
  const parts = [...attempts].map(([name, list]) => {
    const ours = input.sound.parts.get(name)?.actual ?? new Map<KeyText, RecordText>()
    return [name, { rules: source.rules(name), ours, changes: [...list.values()] }] as const
  })
  const schemas = new Map([...source.selections].map(([name, { schema }]) => [name, schema]))
  const { equality, dangling } = input.sound
  return withholdingOf({ parts: new Map(parts), schemas, equality, dangling }, refused)
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
function withheldAfter(input: PlaceInput, attempts: Attempts, staying: KeysByCollection): WithheldRecords {
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
  return meant === undefined ? [] : [{ collection, key, record: meant, reason: refusedReason(constraint) }]
}

function releasedBy(input: PlaceInput, withheld: WithheldRecords): Quarantined[] {
  return [...input.withheld].flatMap(([collection, records]) =>
    [...records].flatMap(([key, { meant: record, constraint }]) => {
      const now = withheld.get(collection)?.get(key)
      if (record === undefined || (now !== undefined && now.meant === record)) return []
      return [{ collection, key, record, reason: refusedReason(constraint) }]
    }),
  )
}
