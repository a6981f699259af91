/**
 * Which changes must be withheld when a database refuses some records. Those records stay as they are in live, and so does every record whose change would violate a constraint
 * without them: children of a refused parent, and records that were to take a unique value which a refused record keeps. All other changes can be written.
 */
import { type KeyText, compareBytes } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import {
  type SourceDraft,
  type DraftPart,
  type MergedPart,
  type Schemas,
  idOf,
  openDraft,
  recordAt,
  write,
} from './draft.ts'
import type { KeyEquality } from '../../model/key-equality.ts'
import { type Dangling, type Tie, danglingOf } from './references.ts'
import { uniqueKeysOf, valueIn } from './unique-key.ts'
import { clashesOf } from './uniques.ts'

/** Collection → keys. */
export type KeysByCollection = ReadonlyMap<string, ReadonlySet<KeyText>>

/** A source whose database refused some records. */
export interface Withholding {
  readonly parts: ReadonlyMap<string, MergedPart>
  readonly schemas: Schemas
  readonly equality?: KeyEquality
  /** See `Sound.dangling`. */
  readonly dangling?: ReadonlySet<string>
}

/** The keys of records that must stay as they are in `ours`, refused ones included; only keys that the changes would change. */
export function withholdingOf(
  { parts, schemas, equality, dangling }: Withholding,
  refused: KeysByCollection,
): KeysByCollection {
  const draft = openDraft(parts, schemas, equality)
  for (const id of dangling ?? []) draft.dangling.add(id)
  const names = [...draft.parts.keys()].sort(compareBytes)
  for (const [name, keys] of refused) for (const key of keys) stay(draft.parts.get(name), key)
  for (let moved = true; moved;) {
    moved = false
    for (const name of names) moved = stayUnique(draft, name) || moved
    for (const name of schemas.keys()) moved = stayReferred(draft, name) || moved
    for (const name of names) moved = stayRekeyed(draft, name) || moved
  }
  const withheld = names.map(
    (name) => [name, unchanged(parts.get(name)?.changes ?? [], draft.parts.get(name))] as const,
  )
  return new Map(withheld.filter(([, keys]) => keys.size > 0))
}

function unchanged(changes: readonly Change[], part: DraftPart | undefined): Set<KeyText> {
  const keys = changes.filter(({ key, before, after }) => before !== after && part?.after.get(key) === before)
  return new Set(keys.map(({ key }) => key))
}

/** Takes a change of the draft back; true when there was one. */
function stay(part: DraftPart | undefined, key: KeyText): boolean {
  if (part === undefined || recordAt(part, key) === part.ours.get(key)) return false
  write(part, key, part.ours.get(key))
  return true
}

function stayUnique(draft: SourceDraft, name: string): boolean {
  const part = draft.parts.get(name)
  if (part === undefined) return false
  const takers = uniqueKeysOf(draft, part).flatMap((unique) =>
    clashesOf(draft, unique)
      .flat()
      .filter((key) => valueIn(draft, unique, recordAt(part, key)) !== valueIn(draft, unique, part.ours.get(key))),
  )
  return takers.map((key) => stay(part, key)).includes(true)
}

function stayReferred(draft: SourceDraft, name: string): boolean {
  const found = (draft.schemas.get(name)?.references ?? []).flatMap(
    (reference) => danglingOf(draft, name, reference) ?? [],
  )
  const needy = found.flatMap(({ tie, dangling }) =>
    dangling.flatMap((each) => (draft.dangling.has(idOf(name, each.key)) ? [] : [{ tie, each }])),
  )
  return needy.map(({ tie, each }) => stayTied(tie, each)).includes(true)
}

/** Takes back the child's change if its reference is new; else those of the parents that no longer have the value it refers to. */
function stayTied({ child, parent, comparison }: Tie, { key, value }: Dangling): boolean {
  if (comparison.child.valueOf(child.ours.get(key)) !== value) return stay(child, key)
  const leaving = [...parent.after.keys()].filter((each) => comparison.parent.valueOf(parent.ours.get(each)) === value)
  return leaving.map((each) => stay(parent, each)).includes(true)
}

/** A record that moves to another key needs both keys changed: where one of the two changes is taken back, the other one is too. */
function stayRekeyed(draft: SourceDraft, name: string): boolean {
  const part = draft.parts.get(name)
  const leaving = part?.changes.flatMap(({ key, from }) => (from === undefined ? [] : [{ key, from }])) ?? []
  const stays = (key: KeyText): boolean => part !== undefined && recordAt(part, key) === part.ours.get(key)
  const torn = leaving.filter(({ key, from }) => stays(key) !== stays(from))
  return torn.map(({ key, from }) => stay(part, stays(key) ? from : key)).includes(true)
}
