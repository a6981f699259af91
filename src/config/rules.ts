/** Makes from the options of a collection and its live structure what the program works with: merge rules, the selection for the adapter, the guard. */
import type { CollectionSchema, Placeholder, Selection } from '../model/collection.ts'
import { UsageError } from '../model/errors.ts'
import type { MergeRules } from '../model/rules.ts'
import type { CollectionOptions, SourceConfig } from './config.ts'
import { DOCUMENT_CREDENTIALS, omittedFields } from './credentials.ts'
import { optionsFor, ownOptions } from './match.ts'
import { nearestName } from './nearest.ts'

/**
 * The merge rules of a collection.
 * @throws UsageError when the `key` option contradicts the table's primary key
 */
export function rulesFor(source: SourceConfig, schema: CollectionSchema): MergeRules {
  const options = optionsFor(source, schema.name)
  const key = keyFor(source, schema)
  return {
    collection: schema.name,
    key,
    identity: options.identity,
    newest: hasField(schema, options.newest) ? options.newest : undefined,
    critical: options.critical ?? [],
    arrays: options.arrays ?? {},
    counters: options.counters ?? [],
    derived: options.derived ?? [],
    zone: options.zone ?? 'UTC',
    serialKey: key.length === 1 && schema.fields.some((field) => field.name === key[0] && field.serial === true),
    order: schema.order,
    jsonbFields: schema.fields.filter((field) => field.type === 'jsonb').map((field) => field.name),
  }
}

/** True when the collection has, or may have, the field. Documents declare no fields, so any field may be in them. */
function hasField(schema: CollectionSchema, name: string | undefined): boolean {
  return schema.fields.length === 0 || schema.fields.some((field) => field.name === name)
}

/** The database's own key, else the configured one, else an empty list. @throws UsageError when both exist and differ */
function keyFor(source: SourceConfig, schema: CollectionSchema): readonly string[] {
  const configured = optionsFor(source, schema.name).key
  if (schema.key.length === 0) return configured ?? []
  if (configured !== undefined && [...configured].sort().join('\n') !== [...schema.key].sort().join('\n')) {
    throw new UsageError(
      `source ${source.name}: the key of ${schema.name} is ${schema.key.join(', ')} in the database and ${configured.join(', ')} in the configuration`,
      {
        hint: '"key" is for tables without a primary key; take it out. "identity" recognises records by other fields.',
      },
    )
  }
  return schema.key
}

/**
 * A collection as its adapter reads and writes it: with its key, and without its omitted fields and the unique keys and references that contain one of them.
 * @throws UsageError when the key is contradicted, names no field, or would be omitted
 */
export function selectionFor(source: SourceConfig, schema: CollectionSchema): Selection {
  const options = optionsFor(source, schema.name)
  const key = keyFor(source, schema)
  const omit = omitFor(options, schema).filter((name) => !key.includes(name) || options.omit?.includes(name))
  checkKey({ source, schema, key, omit })
  const placeholders = placeholdersFor(source, schema, omit)
  const whole = (names: readonly string[]): boolean => !names.some((name) => omit.includes(name))
  return {
    schema: {
      ...schema,
      key,
      fields: schema.fields.filter((field) => whole([field.name])),
      uniques: schema.uniques.filter(whole),
      references: schema.references.filter((reference) => whole(reference.fields)),
    },
    omit,
    derived: (options.derived ?? []).filter((name) => hasField(schema, name)),
    ...(options.triggers !== undefined && { triggers: options.triggers }),
    ...(placeholders.size > 0 && { placeholders }),
  }
}

/** Placeholders for the omitted fields; the entry `*` may name fields that only some tables have, or omit. @throws UsageError when the collection's own entry names a field that is exported */
function placeholdersFor(
  source: SourceConfig,
  schema: CollectionSchema,
  omit: readonly string[],
): Map<string, Placeholder> {
  const own = ownOptions(source, schema.name)?.placeholder ?? {}
  const exported = schema.fields
    .map(({ name }) => name)
    .find((name) => Object.hasOwn(own, name) && !omit.includes(name))
  if (exported !== undefined)
    throw new UsageError(
      `source ${source.name}: "placeholder" of ${schema.name} names "${exported}", a field that is exported`,
      { hint: `A placeholder is for fields that stay at home; write "omit": ["${exported}"], or take it out.` },
    )
  const given = Object.entries(optionsFor(source, schema.name).placeholder ?? {})
  return new Map(given.filter(([name]) => hasField(schema, name) && omit.includes(name)))
}

/** The omitted fields. Documents declare no fields; a fixed list is omitted from them, because a choice by the records at hand would differ between machines. */
function omitFor(options: CollectionOptions, schema: CollectionSchema): string[] {
  if (schema.fields.length > 0)
    return omittedFields(
      options.omit,
      schema.fields.map((field) => field.name),
    )
  const configured = (options.omit ?? []).filter((name) => !name.startsWith('!'))
  return [...new Set([...omittedFields(options.omit, DOCUMENT_CREDENTIALS), ...configured])].sort()
}

interface KeyCheck {
  readonly source: SourceConfig
  readonly schema: CollectionSchema
  readonly key: readonly string[]
  readonly omit: readonly string[]
}

function checkKey({ source, schema, key, omit }: KeyCheck): void {
  const missing = key.find((name) => !hasField(schema, name))
  if (missing !== undefined) {
    throw new UsageError(`source ${source.name}: "key" of ${schema.name} names "${missing}", which is no field of it`, {
      hint: `Its fields: ${schema.fields.map((field) => field.name).join(', ')}.`,
    })
  }
  const omitted = key.find((name) => omit.includes(name))
  if (omitted !== undefined) {
    throw new UsageError(`source ${source.name}: "omit" leaves out "${omitted}", a key field of ${schema.name}`, {
      hint: `Exclude the whole collection, or write "omit": ["!${omitted}"].`,
    })
  }
}

/** A field named by an option of a table that does not have it. */
export interface UnknownField {
  readonly option: string
  readonly field: string
  readonly nearest: string | undefined
}

/** Fields that the collection's own entry names and its table does not have: a misspelt `critical` would protect nothing. The entry `*` may name fields that only some tables have. */
export function unknownFields(source: SourceConfig, schema: CollectionSchema): UnknownField[] {
  if (schema.fields.length === 0) return []
  const own = ownOptions(source, schema.name) ?? {}
  const names = schema.fields.map((field) => field.name)
  return namedFields(own)
    .filter(({ field }) => !names.includes(field))
    .map(({ option, field }) => ({ option, field, nearest: nearestName(field, names) }))
}

/** `profile.city` names the field `profile`; `!token` the field `token`. */
function namedFields(options: CollectionOptions): { option: string; field: string }[] {
  const lists: Record<string, readonly string[]> = {
    key: options.key ?? [],
    identity: options.identity ?? [],
    newest: options.newest === undefined ? [] : [options.newest],
    critical: options.critical ?? [],
    arrays: Object.keys(options.arrays ?? {}).map((path) => path.split('.')[0] ?? path),
    counters: (options.counters ?? []).map((path) => path.split('.')[0] ?? path),
    omit: (options.omit ?? []).map((name) => name.replace(/^!/, '')),
    derived: options.derived ?? [],
    placeholder: Object.keys(options.placeholder ?? {}),
    references: Object.keys(options.references ?? {}),
  }
  return Object.entries(lists).flatMap(([option, fields]) => fields.map((field) => ({ option, field })))
}

/** How many deletes one export or apply may make without being allowed explicitly: a share of the collection (0.2 for 20 %) or a number of records; undefined: the built-in bound. */
export interface Guard {
  readonly deletes: { readonly share: number } | { readonly count: number } | undefined
}

/** The guard of a collection. @throws UsageError for a value that is neither a percentage nor a whole number (the schema refuses it earlier, with its line) */
export function guardFor(options: CollectionOptions): Guard {
  const deletes = options.guard?.deletes
  if (deletes === undefined) return { deletes: undefined }
  if (typeof deletes === 'number' && Number.isInteger(deletes) && deletes >= 0) return { deletes: { count: deletes } }
  const percent = /^([0-9]+(?:\.[0-9]+)?)%$/.exec(String(deletes))?.[1]
  if (percent === undefined || Number(percent) > 100) {
    throw new UsageError(`guard.deletes: ${JSON.stringify(deletes)} is no bound`, {
      hint: 'Write for example "20%" or 500.',
    })
  }
  return { deletes: { share: Number(percent) / 100 } }
}
