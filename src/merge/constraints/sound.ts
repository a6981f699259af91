/**
 * Makes the merged records of a whole source keep their unique and foreign keys: each side kept them, but the merged records may not. The decisions do not depend on which side
 * is ours, so every machine that merges the same two sides ends with the same records. Which values are equal is asked of the database where texts do not tell. Checks, NOT NULL and
 * exclusion constraints are not looked at here.
 */
import { type KeyText, compareBytes } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import { TandemError } from '../../model/errors.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { KeyEquality, NeededRecords, NeededValues } from '../../model/key-equality.ts'
import { type SourceDraft, type MergedPart, type Schemas, type DraftPart, idOf, openDraft, recordAt } from './draft.ts'
import { settleReferences } from './references.ts'
import { settleUniques } from './uniques.ts'

/** The collections of a source after their merge. */
export interface SoundInput {
  /** The merged collections, and further ones that an earlier call asked for. */
  readonly parts: ReadonlyMap<string, MergedPart>
  /** The structures of all collections that take part. If one is needed and not among `parts`, `makeSound` asks for it. */
  readonly schemas: Schemas
  /** Which keys only the database can compare, and what it has answered so far. */
  readonly equality?: KeyEquality
}

/** What has to be read before anything can be decided. Read it and call `makeSound` again with it. */
export interface Needs {
  /** Collections whose records are needed. */
  readonly records: readonly string[]
  /** Collections whose past is needed, to find a winner or a record to put back. */
  readonly pasts: readonly string[]
  /** Collections of whose past the lines are needed that theirs unites. */
  readonly lines: readonly string[]
  /** Collection → keys about which `CollectionPast.earlier` has to tell, beside those it tells about already. */
  readonly earlier: ReadonlyMap<string, ReadonlySet<KeyText>>
  /** What has to be asked of the database, by the names under which the answers are expected. With all that an earlier call asked under that name, it is the next question. */
  readonly uniques: ReadonlyMap<string, NeededRecords>
  readonly references: ReadonlyMap<string, NeededValues>
}

/** Merged records that keep all unique and foreign keys. */
export interface Sound {
  /** For each collection with changes: those from ours to the merged records, sorted by key bytes. */
  readonly changes: ReadonlyMap<string, readonly Change[]>
  readonly decisions: readonly Decision[]
  readonly quarantined: readonly Quarantined[]
  /** Records that may be without the parent they refer to, because no side ever had it, or because its deletion left them behind: as `idOf(collection, key)`. */
  readonly dangling: ReadonlySet<string>
}

/**
 * The changes after which all unique and foreign keys are kept, or what has to be read first. Every record that loses is in a decision of kind `constraint`: it went back to its
 * former values, or it is quarantined. The loop ends because each field of a record goes back at most once to each value it had, and each record is put back and quarantined at most once.
 */
export function makeSound(input: SoundInput): Sound | Needs {
  const draft = openDraft(input.parts, input.schemas, input.equality)
  const names = [...input.schemas.keys()].sort(compareBytes)
  for (let moved = true; moved && !isWaiting(draft);) {
    moved = false
    const before = draft.decisions.length
    for (const name of names) moved = settleUniques(draft, name) || moved
    for (const name of names) moved = settleReferences(draft, name) || moved
    if (moved && draft.decisions.length === before && !isWaiting(draft)) throw endless([...draft.parts.keys()])
  }
  const { needed } = draft
  if (isWaiting(draft)) {
    const { records, pasts, lines } = needed
    return { ...needed, records: [...records], pasts: [...pasts], lines: [...lines] }
  }
  const changes = names.map((name) => [name, changesOf(draft, name)] as const).filter(([, list]) => list.length > 0)
  const { decisions, quarantined, dangling } = draft
  return { changes: new Map(changes), decisions, quarantined, dangling }
}

function endless(names: readonly string[]): TandemError {
  return new TandemError(
    { code: 'internal', exitCode: 1 },
    `the unique and foreign keys of ${names.toSorted(compareBytes).join(', ')} could not be settled`,
    { hint: 'Exclude one of them, or correct the records by hand, then run: tandem apply' },
  )
}

function isWaiting({ needed }: SourceDraft): boolean {
  return Object.values(needed).some(({ size }) => size > 0)
}

function changesOf(draft: SourceDraft, name: string): Change[] {
  const part = draft.parts.get(name)
  if (part === undefined) return []
  const planned = new Map(part.changes.map((change) => [change.key, change]))
  const keys = [...part.after.keys(), ...leftBehind(draft, part)].sort(compareBytes)
  return keys.flatMap((key: KeyText): Change[] => {
    const [before, after, change] = [part.ours.get(key), recordAt(part, key), planned.get(key)]
    const mark = draft.dangling.has(idOf(name, key)) && after !== undefined ? ({ dangling: true } as const) : {}
    if (change !== undefined && change.after === after) return [{ ...change, ...mark }]
    if (before !== after) return [{ ...(after === undefined ? {} : change), key, before, after, ...mark }]
    return part.after.has(key) ? [] : [{ key, before, after, witness: true, ...mark }]
  })
}

/** Records that nothing changes and whose parent is deleted: the plan has to know that they may be without it. */
function leftBehind(draft: SourceDraft, part: DraftPart): KeyText[] {
  const prefix = idOf(part.name, '')
  const keys = [...draft.dangling].flatMap((id) => (id.startsWith(prefix) ? [id.slice(prefix.length)] : []))
  return keys.filter((key) => part.ours.has(key) && !part.after.has(key) && part.aside?.has(key) !== true)
}
