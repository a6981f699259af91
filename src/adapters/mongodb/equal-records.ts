/**
 * Asks which records have the same value in a unique index. The server finds the live documents through the index; documents that exist nowhere yet are compared here, by the
 * server's rules (compared-value.ts), and by the collation of the index as ICU has it, which both the server and this program use.
 */
import type { CollationOptions, Document } from 'mongodb'
import { type KeyText, type RecordText, type ValueText, arrayText, kindOf } from '../../model/canonical.ts'
import type { RecordClasses, RecordsQuestion } from '../../model/key-equality.ts'
import { comparedAt } from './compared-value.ts'
import type { MongoConnection } from './connect.ts'
import { type ComparedIndex, readComparedIndexes } from './own-keys.ts'
import { keyText, recordBytes, recordText } from './record.ts'
import { asBuffer, driverValues } from './wire.ts'

/** Values looked up with one query. */
const BATCH = 100

/** See `Adapter.equalRecords`. */
export async function equalRecords(connection: MongoConnection, question: RecordsQuestion): Promise<RecordClasses> {
  const { name } = question.selection.schema
  const index = (await readComparedIndexes(connection, name)).find((each) => each.name === question.unique)
  if (index === undefined)
    return { classes: new Map([...question.records].map((text) => [text, undefined])), holders: new Map() }
  const asked = valuesIn(index, question.records)
  const live = await liveRecords(connection, { collection: name, index }, asked)
  const found = valuesIn(index, live.values())
  const alike = collatedTexts(index, [...asked.values(), ...found.values()])
  const holders = new Map<string, KeyText[]>()
  for (const [key, text] of live) {
    const value = alike(found.get(text))
    if (value !== undefined) holders.set(value, [...(holders.get(value) ?? []), key])
  }
  return { classes: new Map([...question.records].map((text) => [text, alike(asked.get(text))])), holders }
}

type Values = readonly ValueText[]

/** Record → what the index holds of it, for those of the records that it holds. */
function valuesIn({ paths, condition }: ComparedIndex, records: Iterable<RecordText>): Map<RecordText, Values> {
  const found = new Map<RecordText, Values>()
  for (const text of records) {
    const values = paths.map((path) => comparedAt(text, path))
    if (condition.holds(text) && !values.includes(undefined)) found.set(text, values as Values)
  }
  return found
}

/** A function that gives equal values one text. */
function collatedTexts(
  { collation }: ComparedIndex,
  all: readonly Values[],
): (values: Values | undefined) => string | undefined {
  const same = new Map<ValueText, ValueText>()
  if (collation !== undefined) {
    const texts = [...new Set(all.flat())].filter((value) => kindOf(value) === 'string')
    const collator = collatorOf(collation)
    const pairs = texts.map((text) => ({ text, content: JSON.parse(text) as string }))
    pairs.sort((a, b) => collator.compare(a.content, b.content))
    for (const [i, { text, content }] of pairs.entries()) {
      const before = pairs[i - 1]
      const isSame = before !== undefined && collator.compare(before.content, content) === 0
      same.set(text, isSame ? (same.get(before.text) ?? text) : text)
    }
  }
  return (values) => values && arrayText(values.map((value) => same.get(value) ?? value))
}

/** https://www.mongodb.com/docs/manual/reference/collation/ */
function collatorOf(collation: Document): Intl.Collator {
  const strength = Number(collation['strength'] ?? 3)
  const caseLevel = collation['caseLevel'] === true
  const sensitivity =
    strength === 1 ? (caseLevel ? 'case' : 'base') : strength === 2 && !caseLevel ? 'accent' : 'variant'
  return new Intl.Collator(String(collation['locale']).replaceAll('_', '-'), {
    sensitivity,
    numeric: collation['numericOrdering'] === true,
    ignorePunctuation: collation['alternate'] === 'shifted',
  })
}

interface Looked {
  readonly collection: string
  readonly index: ComparedIndex
}

/** The live documents that have a value of one of these records in the index. */
async function liveRecords(
  connection: MongoConnection,
  { collection, index }: Looked,
  asked: ReadonlyMap<RecordText, Values>,
): Promise<Map<KeyText, RecordText>> {
  const first = new Map([...asked].map(([text, values]) => [arrayText(values), text]))
  // one _id is one text, but for numbers and documents with numbers in them
  const isKey = index.paths.join() === '_id' && index.collation === undefined
  const texts = [...first].flatMap(([value, text]) => (isKey && !value.includes('"$n"') ? [] : [text]))
  const found = new Map<KeyText, RecordText>()
  const collation = index.collation ?? (index.collated ? { locale: 'simple' } : undefined)
  for (let from = 0; from < texts.length; from += BATCH) {
    const some = texts.slice(from, from + BATCH).map((text) => matching(connection, index, text))
    const filter = { $and: [index.condition.filter, { $or: some }] }
    const cursor = connection.db.collection(collection).find(filter, {
      raw: true,
      ...(collation !== undefined && { collation: collation as CollationOptions }),
    })
    for await (const document of cursor) {
      const bytes = asBuffer(document)
      found.set(keyText(bytes), recordText(bytes))
    }
  }
  return found
}

/** `$eq: null` also finds documents without the field, which have the same value in the index. */
function matching(connection: MongoConnection, { paths }: ComparedIndex, text: RecordText): Document {
  const values = driverValues(connection, recordBytes(text))
  const at = (path: string): unknown => {
    let value: unknown = values
    for (const name of path.split('.')) value = value instanceof Map ? value.get(name) : undefined
    return value ?? null
  }
  return { $and: paths.map((path) => ({ [path]: { $eq: at(path) } })) }
}
