/**
 * Compares the live structure of a collection with HEAD's, over the one at the sync point: what can be added to live without touching what it has, and what a person has to
 * decide. Only additions are offered; anything removed, renamed or converted is reported as an obstacle.
 */
import { stringText } from '../model/canonical.ts'
import type { CollectionSchema, FieldSchema } from '../model/collection.ts'
import { type SchemaChange, parseEnum, textOf } from '../model/schema-change.ts'

/** The structures of one collection that are compared. */
export interface Structures {
  readonly live: CollectionSchema
  /** At HEAD. */
  readonly wanted: CollectionSchema
  /** At the sync point; undefined when the database never agreed with a commit. */
  readonly base: CollectionSchema | undefined
}

/** How live differs from HEAD. Without additions and obstacles, live only has something more than HEAD. */
export interface StructureDifference {
  /** What HEAD has and live lacks. */
  readonly additions: readonly SchemaChange[]
  /** The additions in words, for example `note text`. */
  readonly lacks: readonly string[]
  /** Differences that no addition can remove, in words that say on which side each is. */
  readonly obstacles: readonly string[]
}

/** All differences between the live structure and the wanted one. */
export function structureDifference(structures: Structures): StructureDifference {
  const found: CollectedDifference = { additions: [], lacks: [], obstacles: [] }
  compareFields(structures, found)
  compareKeyFields(structures, found)
  compareLists(structures, found)
  return found
}

/** A StructureDifference while it is put together. */
interface CollectedDifference {
  readonly additions: SchemaChange[]
  readonly lacks: string[]
  readonly obstacles: string[]
}

type FieldSchemas = ReadonlyMap<string, FieldSchema>

function fieldSchemas(schema: CollectionSchema | undefined): FieldSchemas {
  return new Map(schema?.fields.map((field) => [field.name, field]))
}

function compareFields({ live, wanted, base }: Structures, found: CollectedDifference): void {
  const [here, there, before] = [fieldSchemas(live), fieldSchemas(wanted), fieldSchemas(base)]
  const vanished = [...here.values()].filter(({ name }) => !there.has(name) && (base === undefined || before.has(name)))
  const appeared = [...there.values()].filter(({ name }) => !here.has(name))
  for (const field of vanished) found.obstacles.push(vanishedWords(field, appeared, base !== undefined))
  for (const field of appeared) compareAppeared(live.name, field, { before, found })
  for (const [name, field] of here) {
    const other = there.get(name)
    if (other !== undefined) compareField(live.name, { here: field, there: other, before: before.get(name) }, found)
  }
}

/** Words about a field that only live has. If the exports have a new field of the same type, the field may have been renamed, and the words say so. */
function vanishedWords(field: FieldSchema, appeared: readonly FieldSchema[], wasThere: boolean): string {
  const renamed = appeared.filter(({ type }) => type === field.type).map(({ name }) => shown(name))
  const name = shown(field.name)
  const what = wasThere ? `${name} is gone from the exports` : `${name} ${field.type} is only in this database`
  if (renamed.length === 0) return what
  return `${what}, where ${renamed.join(', ')} of the same type appeared: if ${name} was renamed, rename it here too`
}

function compareAppeared(
  collection: string,
  field: FieldSchema,
  { before, found }: { readonly before: FieldSchemas; readonly found: CollectedDifference },
): void {
  const words = `${shown(field.name)} ${field.type}`
  if (before.has(field.name)) found.obstacles.push(`${words} was dropped here and is still in the exports`)
  else if (field.serial === true) found.obstacles.push(`${words}, which numbers itself, is only in the exports`)
  else {
    found.additions.push({ kind: 'add-field', collection, field, fill: undefined })
    found.lacks.push(field.required === true ? `${words} (required)` : words)
  }
}

interface FieldSides {
  readonly here: FieldSchema
  readonly there: FieldSchema
  readonly before: FieldSchema | undefined
}

function compareField(collection: string, { here, there, before }: FieldSides, found: CollectedDifference): void {
  const name = shown(here.name)
  if (here.type !== there.type) compareTypes(collection, { here, there, before }, found)
  if (here.required !== there.required)
    found.obstacles.push(
      `${name} is required ${here.required ? 'here, not in the exports' : 'in the exports, not here'}`,
    )
  if (here.serial !== there.serial)
    found.obstacles.push(
      `${name} numbers itself ${here.serial ? 'here, not in the exports' : 'in the exports, not here'}`,
    )
}

/** New labels of an enumeration can be added. Any other difference of types would need a conversion. */
function compareTypes(collection: string, { here, there, before }: FieldSides, found: CollectedDifference): void {
  const name = shown(here.name)
  const [ours, theirs] = [parseEnum(here.type), parseEnum(there.type)]
  const known = new Set(before === undefined ? [] : parseEnum(before.type)?.labels)
  const comparable = ours !== undefined && theirs !== undefined && ours.arrays === theirs.arrays
  const gone = (ours?.labels ?? []).filter((label) => theirs?.labels.includes(label) !== true)
  const missing = (theirs?.labels ?? []).filter((label) => ours?.labels.includes(label) !== true)
  const isOwn = before !== undefined && gone.every((label) => !known.has(label))
  const wasDropped = missing.some((label) => known.has(label))
  if (!comparable || (gone.length > 0 && !isOwn) || wasDropped || !sameOrder(ours.labels, theirs.labels)) {
    found.obstacles.push(`${name} is ${here.type} here, ${there.type} in the exports`)
    return
  }
  for (const label of missing.toReversed()) {
    const after = theirs.labels.slice(theirs.labels.indexOf(label) + 1)
    const next = after.find((each) => ours.labels.includes(each) || missing.includes(each))
    found.additions.push({ kind: 'add-label', collection, field: here.name, label, before: next })
  }
  if (missing.length > 0) found.lacks.push(`${missing.map(stringText).join(', ')} of ${name}`)
}

/** True when the labels that both have are in the same order. */
function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  const common = a.filter((label) => b.includes(label))
  return textOf(common) === textOf(b.filter((label) => a.includes(label)))
}

function compareKeyFields({ live, wanted }: Structures, found: CollectedDifference): void {
  if (textOf(live.key) !== textOf(wanted.key))
    found.obstacles.push(`the key is ${listed(live.key)} here, ${listed(wanted.key)} in the exports`)
  if (live.order !== wanted.order) found.obstacles.push('one side holds documents, the other a table')
}

/** Unique keys and references. One that contains a new field without a value cannot be violated by existing records, so it is offered as an addition too. */
function compareLists({ live, wanted, base }: Structures, found: CollectedDifference): void {
  const collection = live.name
  const fresh = new Set(
    found.additions.flatMap((change) =>
      change.kind === 'add-field' && change.field.required !== true ? [change.field.name] : [],
    ),
  )
  const offer = (words: string, fields: readonly string[], change: SchemaChange): void => {
    if (!fields.some((name) => fresh.has(name))) found.obstacles.push(`${words} is only in the exports`)
    else {
      found.additions.push(change)
      found.lacks.push(words)
    }
  }
  for (const fields of without(wanted.uniques, live.uniques))
    offer(`the unique key ${listed(fields)}`, fields, { kind: 'add-unique', collection, fields })
  for (const reference of without(wanted.references, live.references))
    offer(referenceWords(reference), reference.fields, { kind: 'add-reference', collection, reference })
  const known = base === undefined
  for (const fields of without(live.uniques, wanted.uniques))
    if (known || includes(base.uniques, fields))
      found.obstacles.push(`the unique key ${listed(fields)} is only in this database`)
  for (const reference of without(live.references, wanted.references))
    if (known || includes(base.references, reference))
      found.obstacles.push(`${referenceWords(reference)} is only in this database`)
}

function referenceWords({ fields, to }: CollectionSchema['references'][number]): string {
  return `the reference ${listed(fields)} to ${shown(to)}`
}

function without<Item>(items: readonly Item[], others: readonly Item[]): Item[] {
  return items.filter((item) => !includes(others, item))
}

function includes<Item>(items: readonly Item[], item: Item): boolean {
  return items.some((other) => textOf(other) === textOf(item))
}

function listed(names: readonly string[]): string {
  return `(${names.map(shown).join(', ')})`
}

/** A plain name as it is, any other as a JSON string, so that it cannot be misread as part of the sentence. */
function shown(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_.$-]*$/u.test(name) ? name : stringText(name)
}
