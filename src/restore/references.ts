/** Checks a restore against foreign keys: which parents have to be restored too, and which records may not be deleted because others refer to them. Pure. */
import { asWritten, tupleOf } from '../merge/tuple.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { CollectionSchema, Reference } from '../model/collection.ts'
import type { Records } from '../model/records.ts'

/** Collection → records. */
export type SourceRecords = ReadonlyMap<string, Records>

export interface ReferencesQuestion {
  /** Every collection that takes part, with its structure. */
  readonly schemas: readonly CollectionSchema[]
  /** The records as they will be in the database. `settleReferences` adds the restored parents. */
  readonly result: Map<string, Map<KeyText, RecordText>>
  /** The records of the commit, from which parents are taken. */
  readonly exported: SourceRecords
  /** Keys that the restore writes, by collection. */
  readonly written: ReadonlyMap<string, ReadonlySet<KeyText>>
  /** Records that the restore deletes. */
  readonly removed: SourceRecords
}

export interface ReferencesAnswer {
  /** The parents that are restored too. `child`: the record (`collection key`) that refers to it. */
  readonly parents: readonly { readonly collection: string; readonly key: KeyText; readonly child: string }[]
  /** Why the restore cannot be done, one text for each reference; empty when it can. */
  readonly problems: readonly string[]
}

/** Brings parents back that restored records refer to, however far up, and names what stands in the way. It ends: a value that is found once is in the index from then on, so it brings its record back once. */
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
      const wanted = tupleOf(record, reference.fields, asWritten)
      if (wanted === undefined || find(indexes, 'result', { question, reference, wanted }) !== undefined) continue
      const parent = find(indexes, 'exported', { question, reference, wanted })
      const text = parent === undefined ? undefined : question.exported.get(reference.to)?.get(parent)
      if (parent === undefined || text === undefined) {
        if (hadNone(question, { name, key, reference })) continue
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

/** The commit has the record itself, records of the other collection, and no parent among them: it had none then either. */
function hadNone(
  { exported }: ReferencesQuestion,
  at: { readonly name: string; readonly key: KeyText; readonly reference: Reference },
): boolean {
  return exported.get(at.name)?.has(at.key) === true && (exported.get(at.reference.to)?.size ?? 0) > 0
}

function referencesOf(question: ReferencesQuestion, name: string): readonly Reference[] {
  return question.schemas.find((schema) => schema.name === name)?.references ?? []
}

function indexName(state: 'result' | 'exported', { to, toFields }: Reference): string {
  return JSON.stringify([state, to, toFields])
}

/** The key of the record that a reference means; undefined when there is none. Each collection is indexed once for each set of fields by which it is referred to. */
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
      const tuple = tupleOf(record, toFields, asWritten)
      if (tuple !== undefined) index.set(tuple, key)
    }
    indexes.set(name, index)
  }
  return index.get(at.wanted)
}

/** Texts about the records that refer to a record which the restore deletes. */
function orphans(question: ReferencesQuestion): string[] {
  const problems: string[] = []
  for (const schema of question.schemas)
    for (const reference of schema.references) {
      const gone = new Map<string, KeyText>()
      for (const [key, record] of question.removed.get(reference.to) ?? []) {
        const tuple = tupleOf(record, reference.toFields, asWritten)
        if (tuple !== undefined) gone.set(tuple, key)
      }
      if (gone.size === 0) continue
      for (const [key, record] of question.result.get(schema.name) ?? []) {
        const parent = gone.get(tupleOf(record, reference.fields, asWritten) ?? '')
        if (parent !== undefined)
          problems.push(`${schema.name} ${key} refers to ${reference.to} ${parent}, which that commit does not have`)
      }
    }
  return problems
}
