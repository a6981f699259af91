/** The merged records of a source while they are made sound: what each collection holds now, what became of whom, and what else must be read. Shared by the steps that write in it. */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Decision, DecisionRule } from '../../model/decision.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'

export type Records = ReadonlyMap<KeyText, RecordText>

/** What is known of a collection beyond its merged records; read only when somebody has to win or to be put back. */
export interface Past {
  readonly theirs: Records
  /** Where the records stood before: the common past, then where lines of history parted. */
  readonly former: readonly Records[]
  /** Who committed a record's text, and when. */
  readonly committed: (key: KeyText, text: RecordText) => WriterStamp
  /** The stamp of what ours holds and nobody committed. */
  readonly uncommitted: WriterStamp
}

/** One collection after its merge. `ours` keeps every constraint; `changes` lead from it to the merged records. */
export interface MergedPart {
  readonly rules: MergeRules
  readonly ours: Records
  readonly changes: readonly Change[]
  readonly past?: Past | undefined
}

/** One collection of the draft. */
export interface DraftPart extends MergedPart {
  readonly name: string
  readonly schema: CollectionSchema
  /** What differs from ours, or did. */
  readonly after: Map<KeyText, RecordText | undefined>
  /** Per constraint: keys written since it was last looked at, with what it saw then. */
  readonly unseen: Map<string, Map<KeyText, RecordText | undefined>>
}

export type Schemas = ReadonlyMap<string, CollectionSchema>

export interface Draft {
  readonly schemas: Schemas
  readonly parts: ReadonlyMap<string, DraftPart>
  readonly decisions: Decision[]
  readonly quarantined: Quarantined[]
  /** Collection and key of what may not come back. */
  readonly gone: Set<string>
  /** Constraint and key of what fell back already. */
  readonly fallen: Set<string>
  readonly needed: { readonly records: Set<string>; readonly pasts: Set<string> }
}

export function openDraft(parts: ReadonlyMap<string, MergedPart>, schemas: Schemas): Draft {
  const opened = [...parts].flatMap(([name, part]): (readonly [string, DraftPart])[] => {
    const schema = schemas.get(name)
    const after = new Map(part.changes.map((change) => [change.key, change.after]))
    return schema === undefined ? [] : [[name, { ...part, name, schema, after, unseen: new Map() }]]
  })
  const needed = { records: new Set<string>(), pasts: new Set<string>() }
  return { schemas, parts: new Map(opened), decisions: [], quarantined: [], gone: new Set(), fallen: new Set(), needed }
}

/** A record as the draft has it. */
export function recordAt(part: DraftPart, key: KeyText): RecordText | undefined {
  return part.after.has(key) ? part.after.get(key) : part.ours.get(key)
}

export function write(part: DraftPart, key: KeyText, text: RecordText | undefined): void {
  const before = recordAt(part, key)
  part.after.set(key, text)
  for (const seen of part.unseen.values()) if (!seen.has(key)) seen.set(key, before)
}

/** A record that a constraint has to look at, with what it saw of it before. */
export interface Unseen {
  readonly key: KeyText
  readonly before: RecordText | undefined
  readonly now: RecordText | undefined
}

/** What was written since this was last asked for the constraint; at first, all that the merge changes. */
export function takeUnseen(part: DraftPart, constraint: string): readonly Unseen[] {
  const seen = part.unseen.get(constraint) ?? new Map([...part.after.keys()].map((key) => [key, part.ours.get(key)]))
  part.unseen.set(constraint, new Map())
  return [...seen].map(([key, before]) => ({ key, before, now: recordAt(part, key) }))
}

/** Has the constraint look at a record once more: what it relied on may be gone before it looks again. */
export function lookAgain(part: DraftPart, constraint: string, key: KeyText): void {
  part.unseen.get(constraint)?.set(key, undefined)
}

/** Every record of the draft. */
export function* recordsOf(part: DraftPart): Iterable<readonly [KeyText, RecordText]> {
  for (const entry of part.ours) if (!part.after.has(entry[0])) yield entry
  for (const [key, text] of part.after) if (text !== undefined) yield [key, text]
}

/** The past of a collection; undefined and asked for when it has not been read yet. */
export function pastOf(draft: Draft, name: string): Past | undefined {
  const past = draft.parts.get(name)?.past
  if (past === undefined) draft.needed.pasts.add(name)
  return past
}

/** The collection; undefined where it takes no part, or has to be read first. */
export function partOf(draft: Draft, name: string): DraftPart | undefined {
  const part = draft.parts.get(name)
  if (part === undefined && draft.schemas.has(name)) draft.needed.records.add(name)
  return part
}

export interface Loss {
  readonly key: KeyText
  readonly rule: DecisionRule
  /** The same sentence on every machine. */
  readonly reason: string
}

/** Takes a record out of the draft for good, into the quarantine. */
export function quarantine(draft: Draft, part: DraftPart, { key, rule, reason }: Loss): void {
  const collection = part.name
  const past = pastOf(draft, collection)
  const record = recordAt(part, key)
  if (past === undefined || record === undefined) return
  write(part, key, undefined)
  draft.gone.add(idOf(collection, key))
  draft.quarantined.push({ collection, key, record, reason })
  const [base, ours, theirs] = [past.former[0]?.get(key), part.ours.get(key), past.theirs.get(key)]
  const sides = ours === undefined && theirs === undefined ? { base: record, ours, theirs } : { base, ours, theirs }
  draft.decisions.push({ collection, key, field: undefined, kind: 'constraint', ...sides, chosen: undefined, rule })
}

/** One text for several names. */
export function idOf(...parts: readonly string[]): string {
  return parts.join('\0')
}
