/**
 * Foreign keys: a parent that one side deleted is put back while the other side's child needs it (an edit beats a delete, and a child is a write that needs its parent), and so
 * on upward. A child whose parent is nowhere goes back to the parent it had, else it is quarantined.
 */
import { compareBytes, splitObject, type KeyText, type RecordText } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import { idOf, lookAgain, partOf, pastOf, quarantine, recordAt, recordsOf, takeUnseen, write } from './draft.ts'
import type { Draft, DraftPart, Past } from './draft.ts'
import { fallBack, retreatOf } from './retreat.ts'
import { seeker } from './seek.ts'
import { comparable, tupleOf } from './violations.ts'

/** Settles every reference of a collection's records, also where only the other end was changed; true when something was. */
export function settleReferences(draft: Draft, child: string): boolean {
  let changed = false
  for (const reference of draft.schemas.get(child)?.references ?? [])
    changed = settleReference(draft, child, reference) || changed
  return changed
}

/** A foreign key with both its ends read. */
export interface Tie {
  readonly reference: Reference
  readonly child: DraftPart
  readonly parent: DraftPart
}

function settleReference(draft: Draft, name: string, reference: Reference): boolean {
  const found = danglingOf(draft, name, reference)
  if (found === undefined || found.dangling.length === 0) return false
  const [past, childPast] = [pastOf(draft, reference.to), pastOf(draft, name)]
  if (past === undefined || childPast === undefined) return false
  settleDangling(draft, found.tie, { dangling: found.dangling, past, childPast })
  for (const { key } of found.dangling) lookAgain(found.tie.child, idOf(nameOf(name, reference), 'child'), key)
  return true
}

function nameOf(child: string, { fields, to, toFields }: Reference): string {
  return idOf('reference', child, ...fields, to, ...toFields)
}

/** Children of one reference that lost their parent, or never had it, since this was last asked; undefined where nothing happened, or records have to be read first. */
export function danglingOf(
  draft: Draft,
  name: string,
  reference: Reference,
): { readonly tie: Tie; readonly dangling: readonly Dangling[] } | undefined {
  const id = nameOf(name, reference)
  const [known, target] = [draft.parts.get(name), draft.parts.get(reference.to)]
  const fresh =
    known === undefined ? new Map<KeyText, string>() : freshValues(known, reference.fields, idOf(id, 'child'))
  const lost = target === undefined ? new Set<string>() : lostValues(target, reference.toFields, idOf(id, 'parent'))
  if (fresh.size + lost.size === 0) return undefined
  const [child, parent] = [partOf(draft, name), partOf(draft, reference.to)]
  if (child === undefined || parent === undefined) return undefined
  const tie = { reference, child, parent }
  return { tie, dangling: danglingChildren(tie, fresh, lost) }
}

/** The values of a reference as one text that is the same on both ends; undefined where one is absent or null. */
export function referred(text: RecordText | undefined, fields: readonly string[]): string | undefined {
  return text === undefined ? undefined : tupleOf(splitObject(text), fields, comparable)
}

/** Children whose reference is new, and what it names. */
function freshValues(part: DraftPart, fields: readonly string[], id: string): Map<KeyText, string> {
  const fresh = new Map<KeyText, string>()
  for (const { key, before, now } of takeUnseen(part, id)) {
    const value = referred(now, fields)
    if (value !== undefined && value !== referred(before, fields)) fresh.set(key, value)
  }
  return fresh
}

/** Values that a parent had and has no more. */
function lostValues(part: DraftPart, fields: readonly string[], id: string): Set<string> {
  const lost = new Set<string>()
  for (const { before, now } of takeUnseen(part, id)) {
    const value = referred(before, fields)
    if (value !== undefined && value !== referred(now, fields)) lost.add(value)
  }
  return lost
}

export interface Dangling {
  readonly key: KeyText
  readonly value: string
}

/** By key bytes. */
function danglingChildren(tie: Tie, fresh: ReadonlyMap<KeyText, string>, lost: ReadonlySet<string>): Dangling[] {
  const { child, parent, reference } = tie
  const present = heldValues(parent, reference.toFields, new Set([...fresh.values(), ...lost]))
  const found = new Map([...fresh].filter(([, value]) => !present.has(value)))
  const missing = new Set([...lost].filter((value) => !present.has(value)))
  const seek = seeker({ fields: reference.fields, values: missing, form: comparable })
  if (missing.size > 0)
    for (const [key, text] of recordsOf(child)) {
      const value = seek(text)
      if (value !== undefined) found.set(key, value)
    }
  return [...found].map(([key, value]) => ({ key, value })).sort((a, b) => compareBytes(a.key, b.key))
}

/** Those of the values that some parent holds; by the key where that is what is referred to, without looking at every record. */
function heldValues(part: DraftPart, fields: readonly string[], values: ReadonlySet<string>): Set<string> {
  const byKey = fields.join('\0') === part.schema.key.join('\0')
  const held = new Set(byKey ? [...values].filter((value) => recordAt(part, value) !== undefined) : [])
  if (held.size === values.size) return held
  const seek = seeker({ fields, values, form: comparable })
  for (const [, text] of recordsOf(part)) {
    const value = seek(text)
    if (value !== undefined) held.add(value)
  }
  return held
}

interface Found {
  readonly dangling: readonly Dangling[]
  readonly past: Past
  readonly childPast: Past
}

function settleDangling(draft: Draft, tie: Tie, { dangling, past, childPast }: Found): void {
  const parents = formerParents(draft, tie, { past, values: new Set(dangling.map(({ value }) => value)) })
  for (const { key, value } of dangling) {
    const former = parents.get(value)
    if (former === undefined) loseChild(draft, tie, { key, past: childPast })
    else if (recordAt(tie.parent, former.key) === undefined) putBack(draft, tie.parent, { ...former, past })
  }
}

interface Parent {
  readonly key: KeyText
  readonly text: RecordText
}

/** Who held the values on either side or before; not the quarantined, nor who is there with another value. */
function formerParents(
  draft: Draft,
  { parent, reference }: Tie,
  at: { readonly past: Past; readonly values: ReadonlySet<string> },
): Map<string, Parent> {
  const found = new Map<string, Parent>()
  const seek = seeker({ fields: reference.toFields, values: at.values, form: comparable })
  for (const records of [parent.ours, at.past.theirs, ...at.past.former]) {
    if (found.size === at.values.size) break
    for (const [key, text] of records) {
      const value = seek(text)
      if (value === undefined || found.has(value)) continue
      if (recordAt(parent, key) === undefined && !draft.gone.has(idOf(parent.name, key)))
        found.set(value, { key, text })
    }
  }
  return found
}

function putBack(draft: Draft, part: DraftPart, { key, text, past }: Parent & { readonly past: Past }): void {
  const [base, ours, theirs] = [past.former[0]?.get(key), part.ours.get(key), past.theirs.get(key)]
  const place = { collection: part.name, key, field: undefined }
  draft.decisions.push({ ...place, kind: 'constraint', base, ours, theirs, chosen: text, rule: 'keep' })
  write(part, key, text)
}

function loseChild(
  draft: Draft,
  { child, parent, reference }: Tie,
  { key, past }: { readonly key: KeyText; readonly past: Past },
): void {
  const { fields } = reference
  const retreat = retreatOf(child, past, { key, fields })
  const value = referred(retreat, fields)
  const isSound = value === undefined || heldValues(parent, reference.toFields, new Set([value])).size > 0
  const id = idOf('reference', ...fields, child.name, key)
  if (retreat !== undefined && isSound && !draft.fallen.has(id)) {
    draft.fallen.add(id)
    fallBack(draft, child, { key, fields, retreat, rule: 'no-parent', past })
    return
  }
  const reason = `${fields.join(', ')} refers to a record of ${reference.to} that is nowhere`
  quarantine(draft, child, { key, rule: 'no-parent', reason })
}
