/**
 * Makes the merged records of a whole source sound: each side kept its unique and foreign keys, together they may not. Pure, and blind to which side is ours wherever it
 * decides, so that every machine that merges the same two sides ends with the same records. What only a database can judge (checks, exclusion, partial and
 * expression indexes) is not seen here.
 */
import { compareBytes, type KeyText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Decision } from '../../model/decision.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import { openDraft, type Draft, type MergedPart, type Schemas } from './draft.ts'
import { settleReferences } from './references.ts'
import { settleUniques } from './uniques.ts'

export interface SoundInput {
  /** The merged collections, and those that had to be looked at besides. */
  readonly parts: ReadonlyMap<string, MergedPart>
  /** Of every collection that takes part: one that is needed and not among `parts` is asked for. */
  readonly schemas: Schemas
}

/** What has to be read before it can be decided; ask again with it. */
export interface Needs {
  /** Collections whose records are needed. */
  readonly records: readonly string[]
  /** Collections whose past is needed: somebody has to win or to be put back. */
  readonly pasts: readonly string[]
}

export interface Sound {
  /** From ours to what shall be, by key bytes; only collections with any. */
  readonly changes: ReadonlyMap<string, readonly Change[]>
  readonly decisions: readonly Decision[]
  readonly quarantined: readonly Quarantined[]
}

/**
 * The changes under which all unique and foreign keys hold. Every loser is in a decision of kind `constraint`: it went back to its former value, or it is quarantined.
 * Ends because each record is put back, falls back (per unique key) or is quarantined at most once.
 */
export function makeSound(input: SoundInput): Sound | Needs {
  const draft = openDraft(input.parts, input.schemas)
  const names = [...input.schemas.keys()].sort(compareBytes)
  for (let moved = true; moved && !isWaiting(draft);) {
    moved = false
    for (const name of names) moved = settleUniques(draft, name) || moved
    for (const name of names) moved = settleReferences(draft, name) || moved
  }
  if (isWaiting(draft)) return { records: [...draft.needed.records], pasts: [...draft.needed.pasts] }
  const changes = names.map((name) => [name, changesOf(draft, name)] as const).filter(([, list]) => list.length > 0)
  return { changes: new Map(changes), decisions: draft.decisions, quarantined: draft.quarantined }
}

function isWaiting({ needed }: Draft): boolean {
  return needed.records.size + needed.pasts.size > 0
}

function changesOf(draft: Draft, name: string): Change[] {
  const part = draft.parts.get(name)
  const keys = [...(part?.after.keys() ?? [])].sort(compareBytes)
  const planned = new Map(part?.changes.map((change) => [change.key, change]))
  return keys.flatMap((key: KeyText): Change[] => {
    const [before, after, change] = [part?.ours.get(key), part?.after.get(key), planned.get(key)]
    if (change !== undefined && change.after === after) return [change]
    return before === after ? [] : [{ ...(after === undefined ? {} : change), key, before, after }]
  })
}
