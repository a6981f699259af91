/**
 * What can still be written when a database refuses some records: those stay as they are there, and so does every other change that would no longer be sound without them
 * (children of a refused parent, whoever was to take a value that is not given up). The rest goes on.
 */
import { compareBytes, type KeyText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import { openDraft, recordAt, write, type Draft, type DraftPart, type MergedPart, type Schemas } from './draft.ts'
import { danglingOf, referred, type Dangling, type Tie } from './references.ts'
import { valueOf } from './retreat.ts'
import { clashesOf } from './uniques.ts'

/** Collection → keys. */
export type Keys = ReadonlyMap<string, ReadonlySet<KeyText>>

/** The keys that must stay as they are in `ours`, the refused ones among them; only keys that `changes` change. */
export function withholdingOf(parts: ReadonlyMap<string, MergedPart>, schemas: Schemas, refused: Keys): Keys {
  const draft = openDraft(parts, schemas)
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

/** True when the record was changed and is no more. */
function stay(part: DraftPart | undefined, key: KeyText): boolean {
  if (part === undefined || recordAt(part, key) === part.ours.get(key)) return false
  write(part, key, part.ours.get(key))
  return true
}

function stayUnique(draft: Draft, name: string): boolean {
  const part = draft.parts.get(name)
  if (part === undefined) return false
  const takers = part.schema.uniques.flatMap((unique) =>
    clashesOf(part, unique)
      .flat()
      .filter((key) => valueOf(recordAt(part, key), unique) !== valueOf(part.ours.get(key), unique)),
  )
  return takers.map((key) => stay(part, key)).includes(true)
}

function stayReferred(draft: Draft, name: string): boolean {
  const found = (draft.schemas.get(name)?.references ?? []).flatMap(
    (reference) => danglingOf(draft, name, reference) ?? [],
  )
  return found.flatMap(({ tie, dangling }) => dangling.map((each) => stayTied(tie, each))).includes(true)
}

/** The child, where its reference is new; else whoever gave up the value it refers to. */
function stayTied({ child, parent, reference }: Tie, { key, value }: Dangling): boolean {
  if (referred(child.ours.get(key), reference.fields) !== value) return stay(child, key)
  const leaving = [...parent.after.keys()].filter(
    (each) => referred(parent.ours.get(each), reference.toFields) === value,
  )
  return leaving.map((each) => stay(parent, each)).includes(true)
}

/** A record that cannot have its new key keeps the old one, which nobody else can have then; and the other way round. */
function stayRekeyed(draft: Draft, name: string): boolean {
  const part = draft.parts.get(name)
  const leaving = part?.changes.flatMap(({ key, from }) => (from === undefined ? [] : [{ key, from }])) ?? []
  const stays = (key: KeyText): boolean => part !== undefined && recordAt(part, key) === part.ours.get(key)
  const torn = leaving.filter(({ key, from }) => stays(key) !== stays(from))
  return torn.map(({ key, from }) => stay(part, stays(key) ? from : key)).includes(true)
}
