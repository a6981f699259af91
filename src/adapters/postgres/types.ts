/** Engine-neutral names of column types and how their values are coded. They are made from pg_type alone, so that every server version and every setting gives the same names. */
import type { PgClient } from './session.ts'
import type { Coding } from './values.ts'

/** A column's type as the catalogue has it: the oid in pg_type, and what `format_type` returns for it with its modifier. */
export interface TypeUse {
  readonly type: string
  readonly formatted: string
}

/** Answers about the types that were read. */
export interface TypeNames {
  /** `numeric(18,2)`, `text[]`, `enum("new","done")`. */
  name(use: TypeUse): string
  coding(use: TypeUse): Coding
}

interface TypeRow {
  readonly oid: string
  readonly name: string
  readonly kind: string
  readonly category: string
  readonly base: string
  readonly base_formatted: string
  readonly element: string
  readonly labels: string
  readonly members: string
}

/** Every type that the given ones are made of: domain bases, array elements, composite members. */
const USED_TYPES = `
  WITH RECURSIVE used(oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT inner_type.oid FROM used JOIN pg_type t ON t.oid = used.oid CROSS JOIN LATERAL (
      SELECT t.typbasetype
      UNION ALL SELECT t.typelem WHERE t.typcategory = 'A'
      UNION ALL SELECT a.atttypid FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS inner_type(oid) WHERE inner_type.oid <> 0
  )
  SELECT t.oid, t.typname AS name, t.typtype AS kind, t.typcategory AS category, t.typbasetype AS base,
    format_type(t.typbasetype, t.typtypmod) AS base_formatted, t.typelem AS element,
    (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]') FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
    (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'type', a.atttypid::text,
        'formatted', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS members
  FROM used JOIN pg_type t USING (oid)`

/** Reads the types with these oids and all that they are made of. */
export async function readTypes(client: PgClient, oids: readonly string[]): Promise<TypeNames> {
  const { rows } = await client.query<TypeRow>(USED_TYPES, [[...new Set(oids)]])
  const types = new Map(rows.map((row) => [row.oid, row]))
  return { name: (use) => typeName(types, use), coding: (use) => codingOf(types, use) }
}

type TypesByOid = ReadonlyMap<string, TypeRow>

function typeName(types: TypesByOid, use: TypeUse): string {
  const type = types.get(use.type)
  if (type === undefined) return use.formatted
  switch (type.kind) {
    case 'd':
      return typeName(types, { type: type.base, formatted: type.base_formatted })
    case 'e':
      return `enum(${(JSON.parse(type.labels) as string[]).map((label) => JSON.stringify(label)).join(',')})`
    case 'c':
      return `composite(${(JSON.parse(type.members) as CompositeMember[]).map((member) => memberText(types, member)).join(',')})`
    default:
      return isArray(type) ? arrayName(types, type, use) : scalarName(type, use)
  }
}

interface CompositeMember extends TypeUse {
  readonly name: string
}

function memberText(types: TypesByOid, member: CompositeMember): string {
  return `${JSON.stringify(member.name)} ${typeName(types, member)}`
}

/** False for int2vector and oidvector, which are in pg_type's category of arrays but are written like scalars. */
function isArray(type: TypeRow): boolean {
  return type.category === 'A' && type.element !== '0' && !type.name.endsWith('vector')
}

function arrayName(types: TypesByOid, type: TypeRow, use: TypeUse): string {
  return `${typeName(types, { type: type.element, formatted: use.formatted.replace(/\[\]$/, '') })}[]`
}

/** The name in pg_type, which is short and stable (`int4`, `timestamptz`), and the modifier that format_type shows. */
function scalarName(type: TypeRow, use: TypeUse): string {
  const modifier = /\([^()]*\)/.exec(use.formatted)?.[0] ?? ''
  switch (type.name) {
    case 'bool':
      return 'boolean'
    case 'bpchar':
      return modifier === '' ? 'bpchar' : `char${modifier}`
    case 'char':
      return '"char"'
    case 'interval':
      return use.formatted
    default:
      return `${type.name}${modifier}`
  }
}

/** The oids, which are the same on every server, of the types whose values are not written as strings. */
const CODINGS: Readonly<Record<string, Coding>> = {
  16: 'boolean',
  20: 'integer',
  21: 'integer',
  23: 'integer',
  26: 'integer',
  3802: 'jsonb',
}

/** A domain is coded as its base type. */
function codingOf(types: TypesByOid, use: TypeUse): Coding {
  const type = types.get(use.type)
  if (type?.kind === 'd') return codingOf(types, { type: type.base, formatted: type.base_formatted })
  return CODINGS[use.type] ?? 'text'
}
