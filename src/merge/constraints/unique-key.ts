/** The unique keys of a draft's collections, and which records have the same value in one: by the texts of the values, or by the answers of the database where only it can tell. */
import { type KeyText, type RecordText, compareBytes } from '../../model/canonical.ts'
import { type OwnUnique, namedUnique } from '../../model/key-equality.ts'
import { asWritten, tupleOf } from '../tuple.ts'
import { type DraftPart, type SourceDraft, idOf, recordsOf } from './draft.ts'
import { seeker } from './seek.ts'

/** One unique key of a collection. */
export interface UniqueKey {
  readonly part: DraftPart
  /** The fields that a record changes to have another value in it. */
  readonly fields: readonly string[]
  /** The database's name of it where only the database can compare it. */
  readonly own?: string
  /** The database's name of one that is compared by texts, where not all records of the collection are at hand. */
  readonly named?: string
}

/** The unique keys of a collection that every machine has, in the same order on all. Any other is left to the database: a decision by it would take a record from machines that do not have it. */
export function uniqueKeysOf(draft: SourceDraft, part: DraftPart): UniqueKey[] {
  const known = draft.equality.keys.get(part.name)?.uniques ?? []
  const owned = known.filter(({ declared, isShared }) => declared !== undefined || isShared === true)
  const asked = new Set(owned.map(({ declared }) => declared && idOf(...declared)))
  const plain = part.schema.uniques.filter((fields) => !asked.has(idOf(...fields)))
  // its name may be another one elsewhere
  const place = ({ fields, name, definition }: OwnUnique): string => idOf(...fields, definition ?? name)
  const sorted = owned.toSorted((a, b) => compareBytes(place(a), place(b)))
  const names = part.isPart === true ? draft.equality.keys.get(part.name)?.named : undefined
  return [
    ...plain.map((fields) => {
      const named = names?.get(namedUnique(fields))
      return named === undefined ? { part, fields } : { part, fields, named }
    }),
    ...sorted.map(({ name, fields }) => ({ part, fields, own: name })),
  ]
}

/** The name under which the draft remembers checks of the key, and the answers of the database. */
export function nameOfUnique({ part, fields, own }: UniqueKey): string {
  return own === undefined ? idOf('unique', ...fields) : idOf('own', part.name, own)
}

/** What records with the same value in the key have in common; undefined where the record clashes with none, or where the database has to be asked first. */
export function valueIn(draft: SourceDraft, unique: UniqueKey, text: RecordText | undefined): string | undefined {
  if (unique.own === undefined) return tupleOf(text, unique.fields, asWritten)
  if (text === undefined) return undefined
  const known = draft.equality.uniques.get(nameOfUnique(unique))?.classes
  if (known?.has(text) !== true) need(draft, unique, text)
  return known?.get(text)
}

function need(draft: SourceDraft, unique: UniqueKey, text: RecordText): void {
  const name = nameOfUnique(unique)
  const asked = draft.needed.uniques.get(name) ?? {
    collection: unique.part.name,
    unique: unique.own ?? unique.named ?? '',
    records: new Set<RecordText>(),
  }
  draft.needed.uniques.set(name, asked)
  asked.records.add(text)
}

/** Value → the keys of the records in the draft that have it. */
export function holdersOf(
  draft: SourceDraft,
  unique: UniqueKey,
  values: ReadonlySet<string>,
): Map<string, readonly KeyText[]> {
  const found = new Map<string, KeyText[]>()
  const add = (value: string | undefined, key: KeyText): void => {
    if (value === undefined || !values.has(value)) return
    const keys = found.get(value)
    if (keys === undefined) found.set(value, [key])
    else keys.push(key)
  }
  if (values.size === 0) return found
  if (unique.own !== undefined) addOwn(draft, unique, { values, add })
  else if (unique.named === undefined || !addNamed(draft, unique, { values, add })) {
    const seek = seeker({ fields: unique.fields, values })
    for (const [key, text] of recordsOf(unique.part)) add(seek(text), key)
  }
  return found
}

interface HoldersSought {
  readonly values: ReadonlySet<string>
  readonly add: (value: string | undefined, key: KeyText) => void
}

/** The same for a key that is compared by texts. False where the draft has no record with one of the values to ask with. */
function addNamed(draft: SourceDraft, unique: UniqueKey, { values, add }: HoldersSought): boolean {
  const { part, fields } = unique
  const texts = new Map<string, RecordText>()
  for (const text of part.after.values()) {
    const value = text === undefined ? undefined : tupleOf(text, fields, asWritten)
    if (value !== undefined && values.has(value)) texts.set(value, text as RecordText)
  }
  if (texts.size < values.size) return false
  const answer = draft.equality.uniques.get(nameOfUnique(unique))
  for (const [value, text] of texts) {
    if (answer?.classes.has(text) !== true) need(draft, unique, text)
    for (const key of answer?.holders.get(answer.classes.get(text) ?? '') ?? [])
      if (part.ours.has(key) && !part.after.has(key)) add(value, key)
  }
  for (const [key, text] of part.after) add(tupleOf(text, fields, asWritten), key)
  return true
}

/** Of the records that the draft leaves alone, the database tells those that have the value. */
function addOwn(draft: SourceDraft, unique: UniqueKey, at: HoldersSought): void {
  const { part } = unique
  const answer = draft.equality.uniques.get(nameOfUnique(unique))
  const aside = part.aside ?? new Set()
  for (const value of at.values)
    for (const key of answer?.holders.get(value) ?? [])
      if (part.ours.has(key) && !part.after.has(key) && !aside.has(key)) at.add(value, key)
  for (const key of aside) if (!part.after.has(key)) at.add(valueIn(draft, unique, part.ours.get(key)), key)
  for (const [key, text] of part.after) at.add(valueIn(draft, unique, text), key)
}
