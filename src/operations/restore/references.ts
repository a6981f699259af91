/** What a restore means for foreign keys: parents that have to come back too, and records that may not go because others refer to them. Pure. */
import { arrayText, splitObject, type KeyText, type RecordText } from '../../model/canonical.ts'
import type { CollectionSchema, Reference } from '../../model/collection.ts'
import type { Records } from '../live.ts'

/** Collection → records. */
export type State = ReadonlyMap<string, Records>

export interface ReferencesQuestion {
  /** Every collection that takes part, with its structure. */
  readonly schemas: readonly CollectionSchema[]
  /** The database as it would be. Parents that come back are added to it. */
  readonly result: Map<string, Map<KeyText, RecordText>>
  /** What the restored commit has, to take parents from. */
  readonly exported: State
  /** Keys that the restore writes, by collection. */
  readonly written: ReadonlyMap<string, ReadonlySet<KeyText>>
  /** Records that the restore takes away. */
  readonly removed: State
}

export interface ReferencesAnswer {
  /** Records of `exported` that came back as parents. */
  readonly parents: readonly { readonly collection: string; readonly key: KeyText; readonly child: string }[]
  /** Why it cannot be done, in words; empty when it can. */
  readonly problems: readonly string[]
}

/** Brings parents back that restored records refer to, however far up, and names what stands in the way. */
export function settleReferences(question: ReferencesQuestion): ReferencesAnswer {
  const parents: { collection: string; key: KeyText; child: string }[] = []
  const problems: string[] = []
  const waiting = [...question.written].flatMap(([name, keys]) => [...keys].map((key) => [name, key] as const))
  const indexes = new Map<string, Map<string, KeyText>>()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [name, key] = next
    const record = question.result.get(name)?.get(key)
    if (record === undefined) continue
    for (const reference of referencesOf(question, name)) {
      const wanted = tupleOf(record, reference.fields)
      if (wanted === undefined || find(indexes, 'result', { question, reference, wanted }) !== undefined) continue
      const parent = find(indexes, 'exported', { question, reference, wanted })
      const text = parent === undefined ? undefined : question.exported.get(reference.to)?.get(parent)
      if (parent === undefined || text === undefined) {
        problems.push(
          `${name} ${key} refers to ${reference.to} (${reference.toFields.join(', ')}) ${wanted}, which neither the database nor that commit has`,
        )
        continue
      }
      question.result.get(reference.to)?.set(parent, text)
      indexes.get(indexName('result', reference))?.set(wanted, parent)
      parents.push({ collection: reference.to, key: parent, child: `${name} ${key}` })
      waiting.push([reference.to, parent])
    }
  }
  return { parents, problems: [...problems, ...orphans(question)] }
}

function referencesOf(question: ReferencesQuestion, name: string): readonly Reference[] {
  return question.schemas.find((schema) => schema.name === name)?.references ?? []
}

/** The values a record refers with; undefined when one of them is absent: it refers to nothing. */
function tupleOf(record: RecordText, fields: readonly string[]): string | undefined {
  const values = splitObject(record)
  const tuple = fields.map((field) => values.get(field))
  return tuple.includes(undefined) || tuple.includes('null') ? undefined : arrayText(tuple as string[])
}

function indexName(state: 'result' | 'exported', { to, toFields }: Reference): string {
  return JSON.stringify([state, to, toFields])
}

/** The key of the record referred to; a collection is indexed once for each way in which it is referred to. */
function find(
  indexes: Map<string, Map<string, KeyText>>,
  state: 'result' | 'exported',
  at: { readonly question: ReferencesQuestion; readonly reference: Reference; readonly wanted: string },
): KeyText | undefined {
  const { to, toFields } = at.reference
  const name = indexName(state, at.reference)
  const index = indexes.get(name) ?? new Map<string, KeyText>()
  if (!indexes.has(name)) {
    for (const [key, record] of at.question[state].get(to) ?? []) {
      const tuple = tupleOf(record, toFields)
      if (tuple !== undefined) index.set(tuple, key)
    }
    indexes.set(name, index)
  }
  return index.get(at.wanted)
}

/** Records that would be left referring to one that goes. (Those that the restore leaves alone; what it writes was checked above.) */
function orphans(question: ReferencesQuestion): string[] {
  const problems: string[] = []
  for (const schema of question.schemas)
    for (const reference of schema.references) {
      const gone = new Map<string, KeyText>()
      for (const [key, record] of question.removed.get(reference.to) ?? []) {
        const tuple = tupleOf(record, reference.toFields)
        if (tuple !== undefined) gone.set(tuple, key)
      }
      if (gone.size === 0) continue
      for (const [key, record] of question.result.get(schema.name) ?? []) {
        const parent = gone.get(tupleOf(record, reference.fields) ?? '')
        if (parent !== undefined)
          problems.push(`${schema.name} ${key} refers to ${reference.to} ${parent}, which that commit does not have`)
      }
    }
  return problems
}
