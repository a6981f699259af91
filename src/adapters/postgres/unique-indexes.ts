/** What the catalogue says of the unique indexes of a table: the expressions, operators and collations by which each compares. */
import { quotedName } from '../sql-text.ts'
import type { PgClient } from './session.ts'
import type { LiveTable } from './table.ts'

/** One part of an index. */
export interface IndexPart {
  /** In SQL, with the bare names of the table's columns. */
  readonly expression: string
  /** The column that it is; undefined for an expression. */
  readonly column: string | undefined
  /** Equality as the index has it: `OPERATOR("pg_catalog".=)`. */
  readonly operator: string
  /** Quoted for SQL; undefined for types without collations. */
  readonly collation: string | undefined
  /** Equal values have equal texts. */
  readonly byText: boolean
}

export interface ServerIndex {
  readonly name: string
  readonly parts: readonly IndexPart[]
  /** The condition of a partial index, in SQL. */
  readonly where: string | undefined
  readonly nullsAreEqual: boolean
  /** Columns of expressions and of the condition, and those that it compares. */
  readonly columns: readonly string[]
}

/** Types in which equal values have one text, under the settings of session.ts. `anyenum` stands for all enumerations. */
export const TEXT_TYPES: readonly string[] =
  'int2 int4 int8 oid uuid bool text varchar name char bytea date time timestamp timestamptz anyenum'.split(' ')

const INDEXES = `
  SELECT c.relname AS name, pg_get_expr(i.indpred, i.indrelid) AS condition,
    coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal,
    (SELECT json_agg(json_build_object(
        'expression', pg_get_indexdef(i.indexrelid, k.position::int4, true), 'column', a.attname,
        'operator', format('OPERATOR(%I.%s)', n.nspname, o.oprname),
        'collation', CASE WHEN co.oid IS NOT NULL THEN format('%I.%I', cn.nspname, co.collname) END,
        'byText', a.attname IS NOT NULL AND a.attgenerated = '' AND tn.nspname = 'pg_catalog'
          AND t.typname = ANY ($2::text[]) AND coalesce(co.collisdeterministic, true)) ORDER BY k.position)
      FROM unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])
          WITH ORDINALITY k(attnum, class, coll, position)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
        JOIN pg_opclass oc ON oc.oid = k.class
        JOIN pg_type t ON t.oid = oc.opcintype JOIN pg_namespace tn ON tn.oid = t.typnamespace
        JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
          AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
        JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
        LEFT JOIN pg_collation co ON co.oid = k.coll LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
      WHERE k.position <= i.indnkeyatts) AS parts,
    (SELECT coalesce(json_agg(DISTINCT a.attname), '[]') FROM pg_attribute a
      WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (
        a.attnum IN (SELECT k.attnum FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
          WHERE k.position <= i.indnkeyatts)
        OR a.attnum IN (SELECT d.refobjsubid FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid))) AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
  WHERE i.indrelid = $1 AND i.indisunique AND NOT i.indisexclusion AND i.indisvalid AND am.amname = 'btree'
  ORDER BY c.relname`

type UniqueIndexRow = Readonly<Record<'name' | 'nulls_equal' | 'parts' | 'columns', string>> & {
  readonly condition: string | null
}

/** The unique indexes of the table, the primary key's among them. */
export async function readUniqueIndexes(client: PgClient, { oid }: LiveTable): Promise<ServerIndex[]> {
  const { rows } = await client.query<UniqueIndexRow>(INDEXES, [oid, TEXT_TYPES])
  return rows.map((row) => {
    const parts = JSON.parse(row.parts) as readonly {
      readonly [Name in keyof IndexPart]: IndexPart[Name] | null
    }[]
    return {
      name: row.name,
      where: row.condition ?? undefined,
      nullsAreEqual: row.nulls_equal === 't',
      columns: JSON.parse(row.columns) as string[],
      parts: parts.map((part) => ({
        expression: part.expression ?? '',
        column: part.column ?? undefined,
        operator: part.operator ?? '',
        collation: part.collation ?? undefined,
        byText: part.byText === true,
      })),
    }
  })
}

/** What a generated column is computed from. */
export interface Computed {
  readonly sources: readonly string[]
  /** In SQL. */
  readonly expression: string
}

/** Generated column → what it is computed from. */
export async function readGenerated(client: PgClient, { oid }: LiveTable): Promise<ReadonlyMap<string, Computed>> {
  const { rows } = await client.query<Record<'name' | 'source' | 'expression', string>>(
    `SELECT g.attname AS name, a.attname AS source, pg_get_expr(f.adbin, f.adrelid) AS expression
     FROM pg_attribute g JOIN pg_attrdef f ON f.adrelid = g.attrelid AND f.adnum = g.attnum
       JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.attrelid AND d.refobjsubid <> g.attnum
         AND (d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
           OR d.classid = 'pg_class'::regclass AND d.objid = g.attrelid AND d.objsubid = g.attnum)
       JOIN pg_attribute a ON a.attrelid = g.attrelid AND a.attnum = d.refobjsubid
     WHERE g.attrelid = $1 AND g.attgenerated <> ''`,
    [oid],
  )
  const found = new Map<string, Computed>()
  for (const { name, source, expression } of rows)
    found.set(name, { sources: [...(found.get(name)?.sources ?? []), source], expression })
  return found
}

/** An expression with the collation by which the index compares it. */
export function collated(expression: string, { collation }: Pick<IndexPart, 'collation'>): string {
  return collation === undefined ? expression : `${expression} COLLATE ${collation}`
}

/** The parts of the unique index on exactly these columns, in their order; undefined where there is none. */
export function partsOn(indexes: readonly ServerIndex[], columns: readonly string[]): IndexPart[] | undefined {
  const wanted = columns.toSorted().map(quotedName).join()
  const index = indexes.find(({ parts, where }) => {
    const own = parts.map(({ column }) => quotedName(column ?? ''))
    return where === undefined && own.toSorted().join() === wanted
  })
  return index && columns.flatMap((column) => index.parts.find((part) => part.column === column) ?? [])
}
