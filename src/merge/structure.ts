/**
 * Two structures of one collection compared over the one both began with: what can be added here without touching what is there, and what a person has to decide. Only
 * additions are ever offered; whatever vanished, was renamed or converted is told instead.
 */
import { stringText } from '../model/canonical.ts'
import type { CollectionSchema, FieldSchema } from '../model/collection.ts'
import { parseEnum, textOf, type SchemaChange } from '../model/schema-change.ts'

export interface Structures {
  readonly live: CollectionSchema
  /** HEAD's. */
  readonly wanted: CollectionSchema
  /** The sync point's; undefined: they never agreed. */
  readonly base: CollectionSchema | undefined
}

export interface StructureDifference {
  /** What HEAD has and live lacks. None and no obstacles: all that differs is what live has beyond HEAD. */
  readonly additions: readonly SchemaChange[]
  /** The same in words: `note text`. */
  readonly lacks: readonly string[]
  /** What no addition makes equal, in words that say on which side it is. */
  readonly obstacles: readonly string[]
}

/** What `live` lacks of `wanted`. Pure, and tells everything at once. */
export function structureDifference(structures: Structures): StructureDifference {
  const found: Found = { additions: [], lacks: [], obstacles: [] }
  compareFields(structures, found)
  compareKeys(structures, found)
  compareLists(structures, found)
  return found
}

interface Found {
  readonly additions: SchemaChange[]
  readonly lacks: string[]
  readonly obstacles: string[]
}

type Fields = ReadonlyMap<string, FieldSchema>

function fieldsOf(schema: CollectionSchema | undefined): Fields {
  return new Map(schema?.fields.map((field) => [field.name, field]))
}

function compareFields({ live, wanted, base }: Structures, found: Found): void {
  const [here, there, before] = [fieldsOf(live), fieldsOf(wanted), fieldsOf(base)]
  const vanished = [...here.values()].filter(({ name }) => !there.has(name) && (base === undefined || before.has(name)))
  const appeared = [...there.values()].filter(({ name }) => !here.has(name))
  for (const field of vanished) found.obstacles.push(vanishedWords(field, appeared, base !== undefined))
  for (const field of appeared) compareAppeared(live.name, field, { before, found })
  for (const [name, field] of here) {
    const other = there.get(name)
    if (other !== undefined) compareField(live.name, { here: field, there: other, before: before.get(name) }, found)
  }
}

/** A field that is only here. Where one of its type appeared in its place, it may have been renamed: nothing else tells the two apart. */
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
  { before, found }: { readonly before: Fields; readonly found: Found },
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

function compareField(collection: string, { here, there, before }: FieldSides, found: Found): void {
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

/** New labels of an enumeration can be added; whatever else differs in a type is a conversion. */
function compareTypes(collection: string, { here, there, before }: FieldSides, found: Found): void {
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

/** What both have stands in the same order. */
function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  const common = a.filter((label) => b.includes(label))
  return textOf(common) === textOf(b.filter((label) => a.includes(label)))
}

function compareKeys({ live, wanted }: Structures, found: Found): void {
  if (textOf(live.key) !== textOf(wanted.key))
    found.obstacles.push(`the key is ${listed(live.key)} here, ${listed(wanted.key)} in the exports`)
  if (live.order !== wanted.order) found.obstacles.push('one side holds documents, the other a table')
}

/** Unique keys and references. One that holds a new field without a value cannot be violated by what is here, so it is an addition as well. */
function compareLists({ live, wanted, base }: Structures, found: Found): void {
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

/** A name as it is; one that is not a plain word as a JSON string, so that it cannot pass for anything else. */
function shown(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_.$-]*$/u.test(name) ? name : stringText(name)
}
