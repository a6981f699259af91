/** The merged records of a source while constraints are restored: the records of each collection, the decisions made so far, and what still has to be read. All steps of this folder write into it. */
import type { Records } from '../../model/records.ts'
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { CollectionSchema } from '../../model/collection.ts'
import type { Decision, DecisionRule } from '../../model/decision.ts'
import { type KeyEquality, type NeededRecords, type NeededValues, TEXT_EQUALITY } from '../../model/key-equality.ts'
import type { Quarantined } from '../../model/quarantine.ts'
import type { MergeRules, WriterStamp } from '../../model/rules.ts'

/** What is known of a collection besides its merged records. Read only when a winner has to be found or a record put back. */
export interface CollectionPast {
  readonly theirs: Records
  /** Earlier states of the records: first the merge base, then the commits at which lines of history parted. */
  readonly former: readonly Records[]
  /** The records on the lines of history that theirs unites. Read only when a child's parent is in no other known state. */
  readonly lines?: readonly Records[]
  /**
   * Records that were absent where the sides parted: how each was when it was added, if that was before (it was deleted, and a merge with an older line brought it back); undefined
   * for one that was added since. Read only when such a record clashes with another.
   */
  readonly earlier?: ReadonlyMap<KeyText, RecordText | undefined>
  /** Where two databases meet for the first time: what the machine has that was there first. */
  readonly first?: Records
  /** Who committed this text of a record, and when. */
  readonly committed: (key: KeyText, text: RecordText) => WriterStamp
  /** The stamp of what ours (live) holds and no commit has yet. */
  readonly uncommitted: WriterStamp
}

/** The records as all knew them before the sides parted, to which a loser may go back; undefined where there were none. */
export function originOf(past: CollectionPast): Records | undefined {
  return past.former.at(-1) ?? past.first
}

/** One collection after its merge. `ours` violates no constraint; `changes` turn it into the merged records, which may. */
export interface MergedPart {
  readonly rules: MergeRules
  readonly ours: Records
  readonly changes: readonly Change[]
  readonly past?: CollectionPast | undefined
  /** Keys whose record in the database is not that of `ours`: what is withheld, which `ours` has as it is meant. */
  readonly aside?: ReadonlySet<KeyText>
  /** `ours` reads its records when they are looked up: what can be asked of the database is not searched for in all of them. Nothing is `aside` then. */
  readonly isPart?: boolean
}

/** One collection of the draft. */
export interface DraftPart extends MergedPart {
  readonly name: string
  readonly schema: CollectionSchema
  /** The records that differ from `ours`, or once did while the draft was made; undefined: absent. */
  readonly after: Map<KeyText, RecordText | undefined>
  /** For each constraint, the keys written since it was last checked, each with its record at that check. */
  readonly unseen: Map<string, Map<KeyText, RecordText | undefined>>
}

/** Collection → its structure. */
export type Schemas = ReadonlyMap<string, CollectionSchema>

/** The draft of a whole source. */
export interface SourceDraft {
  readonly schemas: Schemas
  readonly parts: ReadonlyMap<string, DraftPart>
  readonly decisions: Decision[]
  readonly quarantined: Quarantined[]
  /** Records that were quarantined and may not be put back, as `idOf(collection, key)`. */
  readonly leftForQuarantine: Set<string>
  /** Records that went back to their former values already, with the constraint, as texts of `idOf`; for a unique key also with the text that they got. */
  readonly wentBack: Set<string>
  /** Records whose parent no side ever had, as `idOf(collection, key)`. */
  readonly dangling: Set<string>
  readonly equality: KeyEquality
  readonly needed: Needed
}

/** What must be read, or asked, before the draft can be finished. */
export interface Needed {
  /** Names of collections whose records are needed. */
  readonly records: Set<string>
  /** Names of collections whose past is needed. */
  readonly pasts: Set<string>
  /** Names of collections whose `CollectionPast.lines` are needed. */
  readonly lines: Set<string>
  /** Collection → keys about which `CollectionPast.earlier` has to tell. */
  readonly earlier: Map<string, Set<KeyText>>
  /** Questions to the database, by the names under which `KeyEquality` will have the answers. */
  readonly uniques: Map<string, NeededRecords>
  readonly references: Map<string, NeededValues>
}

/** A new draft that holds the merged records of these collections. */
export function openDraft(
  parts: ReadonlyMap<string, MergedPart>,
  schemas: Schemas,
  equality: KeyEquality = TEXT_EQUALITY,
): SourceDraft {
  const opened = [...parts].flatMap(([name, part]): (readonly [string, DraftPart])[] => {
    const schema = schemas.get(name)
    const after = new Map(part.changes.map((change) => [change.key, change.after]))
    return schema === undefined ? [] : [[name, { ...part, name, schema, after, unseen: new Map() }]]
  })
  return {
    schemas,
    parts: new Map(opened),
    decisions: [],
    quarantined: [],
    leftForQuarantine: new Set(),
    wentBack: new Set(),
    dangling: new Set(),
    equality,
    needed: {
      records: new Set(),
      pasts: new Set(),
      lines: new Set(),
      earlier: new Map(),
      uniques: new Map(),
      references: new Map(),
    },
  }
}

/** A record in the draft; undefined when it is absent. */
export function recordAt(part: DraftPart, key: KeyText): RecordText | undefined {
  return part.after.has(key) ? part.after.get(key) : part.ours.get(key)
}

/** Sets a record of the draft; undefined removes it. Every constraint will look at it again. */
export function write(part: DraftPart, key: KeyText, text: RecordText | undefined): void {
  const before = recordAt(part, key)
  part.after.set(key, text)
  for (const seen of part.unseen.values()) if (!seen.has(key)) seen.set(key, before)
}

/** A record that a constraint has to check: `before` as it was at the last check, and `now`. */
export interface Unseen {
  readonly key: KeyText
  readonly before: RecordText | undefined
  readonly now: RecordText | undefined
}

/** The records written since the last call for this constraint. The first call returns every record that the merge changes. */
export function takeUnseen(part: DraftPart, constraint: string): readonly Unseen[] {
  const seen = part.unseen.get(constraint) ?? new Map([...part.after.keys()].map((key) => [key, part.ours.get(key)]))
  part.unseen.set(constraint, new Map())
  return [...seen].map(([key, before]) => ({ key, before, now: recordAt(part, key) }))
}

/** Makes the next check of a constraint look at this record again, although it was not written: the record that it depends on may be removed by then. */
export function lookAgain(part: DraftPart, constraint: string, key: KeyText): void {
  part.unseen.get(constraint)?.set(key, undefined)
}

/** All records of a collection in the draft. */
export function* recordsOf(part: DraftPart): Iterable<readonly [KeyText, RecordText]> {
  for (const entry of part.ours) if (!part.after.has(entry[0])) yield entry
  for (const [key, text] of part.after) if (text !== undefined) yield [key, text]
}

/** The past of a collection; undefined when it has not been read: it is then noted in `needed`. */
export function pastOf(draft: SourceDraft, name: string): CollectionPast | undefined {
  const past = draft.parts.get(name)?.past
  if (past === undefined) draft.needed.pasts.add(name)
  return past
}

/** A collection of the draft; undefined when it takes no part, or has not been read: it is then noted in `needed`. */
export function partOf(draft: SourceDraft, name: string): DraftPart | undefined {
  const part = draft.parts.get(name)
  if (part === undefined && draft.schemas.has(name)) draft.needed.records.add(name)
  return part
}

/** A record that cannot stay, and why. */
export interface Loss {
  readonly key: KeyText
  readonly rule: DecisionRule
  /** The same sentence on every machine. */
  readonly reason: string
}

/** Moves a record from the draft into the quarantine. Does nothing while the past of its collection has not been read. */
export function quarantine(draft: SourceDraft, part: DraftPart, { key, rule, reason }: Loss): void {
  const collection = part.name
  const past = pastOf(draft, collection)
  const record = recordAt(part, key)
  if (past === undefined || record === undefined) return
  write(part, key, undefined)
  draft.leftForQuarantine.add(idOf(collection, key))
  draft.quarantined.push({ collection, key, record, reason })
  const [base, ours, theirs] = [past.former[0]?.get(key), part.ours.get(key), past.theirs.get(key)]
  const sides = ours === undefined && theirs === undefined ? { base: record, ours, theirs } : { base, ours, theirs }
  draft.decisions.push({ collection, key, field: undefined, kind: 'constraint', ...sides, chosen: undefined, rule })
}

/** Several names as one text, for use as a key. */
export function idOf(...parts: readonly string[]): string {
  return parts.join('\0')
}
