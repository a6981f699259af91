/**
 * Restores foreign keys. A parent that one side deleted is put back if a child of the other side refers to it, and then the parent's own parent, and so on: an edit beats a
 * delete, and adding a child is an edit that needs the parent. A child whose parent cannot be put back (it was quarantined, or has other values now) goes back to the parent it had;
 * if it has none, it is quarantined. A child whose parent is in no known state never had one: it stays as it is, for the database to judge.
 */
import { type KeyText, type RecordText, compareBytes } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import {
  type SourceDraft,
  type DraftPart,
  type CollectionPast,
  idOf,
  lookAgain,
  partOf,
  pastOf,
  quarantine,
  recordAt,
  recordsOf,
  takeUnseen,
  write,
} from './draft.ts'
import { goBack, retreatOf } from './retreat.ts'
import { sameContent } from '../versions.ts'
import { type ComparedSide, type Comparison, comparisonOf, nameOfReference } from './comparison.ts'

/** Restores every foreign key of a collection, also where only the parents changed. Returns true when a record was changed. */
export function settleReferences(draft: SourceDraft, child: string): boolean {
  let changed = false
  for (const reference of draft.schemas.get(child)?.references ?? [])
    changed = settleReference(draft, child, reference) || changed
  return changed
}

/** A foreign key with its two collections. */
export interface Tie {
  readonly reference: Reference
  readonly child: DraftPart
  readonly parent: DraftPart
  readonly comparison: Comparison
}

function settleReference(draft: SourceDraft, name: string, reference: Reference): boolean {
  const found = danglingOf(draft, name, reference)
  if (found === undefined || found.dangling.length === 0) return false
  const [past, childPast] = [pastOf(draft, reference.to), pastOf(draft, name)]
  if (past === undefined || childPast === undefined) return false
  const changed = settleDangling(draft, found.tie, { dangling: found.dangling, past, childPast })
  for (const { key } of found.dangling) lookAgain(found.tie.child, idOf(nameOfReference(name, reference), 'child'), key)
  return changed
}

/**
 * The children of one reference whose parent is missing, among the records written since the last call. undefined when no record was written that matters, or when records have to
 * be read first.
 */
export function danglingOf(
  draft: SourceDraft,
  name: string,
  reference: Reference,
): { readonly tie: Tie; readonly dangling: readonly Dangling[] } | undefined {
  const id = nameOfReference(name, reference)
  const comparison = comparisonOf(draft, name, reference)
  const [known, target] = [draft.parts.get(name), draft.parts.get(reference.to)]
  const fresh =
    known === undefined ? new Map<KeyText, string>() : freshValues(known, comparison.child, idOf(id, 'child'))
  const lost = target === undefined ? new Set<string>() : lostValues(target, comparison.parent, idOf(id, 'parent'))
  if (fresh.size + lost.size === 0) return undefined
  const [child, parent] = [partOf(draft, name), partOf(draft, reference.to)]
  if (child === undefined || parent === undefined) return undefined
  // what is withheld is not in the database: it has to be asked about it
  for (const key of child.aside ?? []) comparison.child.valueOf(child.ours.get(key))
  for (const key of parent.aside ?? []) comparison.parent.valueOf(parent.ours.get(key))
  const tie = { reference, child, parent, comparison }
  return { tie, dangling: danglingChildren(tie, fresh, lost) }
}

/** Children whose reference is new or was changed, each with the values it refers to. */
function freshValues(part: DraftPart, { valueOf }: ComparedSide, id: string): Map<KeyText, string> {
  const fresh = new Map<KeyText, string>()
  for (const { key, before, now } of takeUnseen(part, id)) {
    const [value, former] = [valueOf(now), valueOf(before)]
    if (value !== undefined && value !== former) fresh.set(key, value)
  }
  return fresh
}

/** Values that a parent had and no longer has. */
function lostValues(part: DraftPart, { valueOf }: ComparedSide, id: string): Set<string> {
  const lost = new Set<string>()
  for (const { before, now } of takeUnseen(part, id)) {
    const [value, next] = [valueOf(before), valueOf(now)]
    if (value !== undefined && value !== next) lost.add(value)
  }
  return lost
}

/** A child whose parent is missing, and the values it refers to. */
export interface Dangling {
  readonly key: KeyText
  readonly value: string
}

/** The children whose parent is missing, sorted by key bytes. */
function danglingChildren(tie: Tie, fresh: ReadonlyMap<KeyText, string>, lost: ReadonlySet<string>): Dangling[] {
  const { child, comparison } = tie
  const present = heldValues(tie, new Set([...fresh.values(), ...lost]))
  const found = new Map([...fresh].filter(([, value]) => !present.has(value)))
  const missing = new Set([...lost].filter((value) => !present.has(value)))
  const seek = comparison.child.seek(missing)
  if (missing.size > 0)
    for (const [key, text] of recordsOf(child)) {
      const value = seek(text)
      if (value !== undefined) found.set(key, value)
    }
  return [...found].map(([key, value]) => ({ key, value })).sort((a, b) => compareBytes(a.key, b.key))
}

/** Those of the values that some parent has. Where the reference is to the key, parents are looked up by it instead of searching all records. */
function heldValues({ parent, reference, comparison }: Tie, values: ReadonlySet<string>): Set<string> {
  const byKey = comparison.byText && reference.toFields.join('\0') === parent.schema.key.join('\0')
  const held = new Set(byKey ? [...values].filter((value) => recordAt(parent, value) !== undefined) : [])
  if (held.size === values.size) return held
  const seek = comparison.parent.seek(values)
  for (const [, text] of recordsOf(parent)) {
    const value = seek(text)
    if (value !== undefined) held.add(value)
  }
  return held
}

interface DanglingAndPasts {
  readonly dangling: readonly Dangling[]
  readonly past: CollectionPast
  readonly childPast: CollectionPast
}

/** Returns true when a record was changed. */
function settleDangling(draft: SourceDraft, tie: Tie, { dangling, past, childPast }: DanglingAndPasts): boolean {
  const values = new Set(dangling.map(({ value }) => value))
  const { known, parents } = formerParents(draft, tie, { past, values })
  const isUnknown = dangling.some(({ key, value }) => !known.has(value) && !isLeftBehind(tie.child, childPast, key))
  if (isUnknown && past.lines === undefined) {
    draft.needed.lines.add(tie.parent.name)
    return false
  }
  let changed = false
  for (const { key, value } of dangling) {
    const former = parents.get(value)
    if (!known.has(value) || isLeftBehind(tie.child, childPast, key)) {
      draft.dangling.add(idOf(tie.child.name, key))
      continue
    }
    draft.dangling.delete(idOf(tie.child.name, key))
    changed = true
    if (former === undefined) loseChild(draft, tie, { key, past: childPast })
    else if (recordAt(tie.parent, former.key) === undefined) putBack(draft, tie.parent, { ...former, past })
  }
  return changed
}

/**
 * True for a child that nobody has written or deleted since the sides parted: whoever deleted the parent then left it without one, because his database does not enforce the
 * reference. (Where a database does, the child would have been deleted or written too.)
 */
function isLeftBehind(child: DraftPart, past: CollectionPast, key: KeyText): boolean {
  const before = past.former.at(-1)?.get(key)
  const isKept = child.ours.has(key) && past.theirs.has(key)
  return isKept && before !== undefined && sameContent(recordAt(child, key), before, child.rules)
}

interface Parent {
  readonly key: KeyText
  readonly text: RecordText
}

interface FormerParents {
  /** Those of the values that some record had on either side or before. A value that none had never had a parent. */
  readonly known: ReadonlySet<string>
  /** Records to be put back: none that was quarantined, and none that still exists with other values. */
  readonly parents: ReadonlyMap<string, Parent>
}

function formerParents(
  draft: SourceDraft,
  { parent, comparison }: Tie,
  at: { readonly past: CollectionPast; readonly values: ReadonlySet<string> },
): FormerParents {
  const [known, parents] = [new Set<string>(), new Map<string, Parent>()]
  const valueOf = comparison.byText ? comparison.parent.seek(at.values) : comparison.parent.valueOf
  for (const records of [parent.ours, at.past.theirs, ...at.past.former, ...(at.past.lines ?? [])])
    for (const [key, text] of records) {
      const now = recordAt(parent, key)
      const value = now === text ? undefined : valueOf(text)
      if (value === undefined || !at.values.has(value)) continue
      known.add(value)
      const isGone = now === undefined && !draft.leftForQuarantine.has(idOf(parent.name, key))
      if (isGone && !parents.has(value)) parents.set(value, { key, text })
    }
  return { known, parents }
}

function putBack(
  draft: SourceDraft,
  part: DraftPart,
  { key, text, past }: Parent & { readonly past: CollectionPast },
): void {
  const [base, ours, theirs] = [past.former[0]?.get(key), part.ours.get(key), past.theirs.get(key)]
  const place = { collection: part.name, key, field: undefined }
  draft.decisions.push({ ...place, kind: 'constraint', base, ours, theirs, chosen: text, rule: 'keep' })
  write(part, key, text)
}

function loseChild(
  draft: SourceDraft,
  tie: Tie,
  { key, past }: { readonly key: KeyText; readonly past: CollectionPast },
): void {
  const { child, comparison, reference } = tie
  const { fields } = reference
  const retreat = retreatOf(child, past, { key, fields })
  const value = comparison.child.valueOf(retreat)
  const isSound = value === undefined || heldValues(tie, new Set([value])).size > 0
  const id = idOf('reference', ...fields, child.name, key)
  if (retreat !== undefined && isSound && !draft.wentBack.has(id)) {
    draft.wentBack.add(id)
    goBack(draft, child, { key, fields, retreat, rule: 'no-parent', past })
    return
  }
  const reason = `${fields.join(', ')} refers to a record of ${reference.to} that does not exist`
  quarantine(draft, child, { key, rule: 'no-parent', reason })
}
