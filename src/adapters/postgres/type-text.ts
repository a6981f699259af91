/** From engine-neutral names of types to SQL, the opposite of types.ts. Only names from the closed list here are accepted, so that no other text of an export gets into a statement. */
import { type EnumType, parseEnum } from '../../model/schema-change.ts'

/** pg_type's names of built-in types without a modifier. */
const PLAIN: ReadonlySet<string> = new Set(
  (
    'int2 int4 int8 float4 float8 numeric boolean text varchar bpchar name bytea date time timetz timestamp timestamptz uuid json jsonb xml ' +
    'inet cidr macaddr macaddr8 money bit varbit oid point line lseg box path polygon circle tsvector tsquery pg_lsn ' +
    'int4range int8range numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange'
  ).split(' '),
)

/** Types with a length, precision or scale. */
const MODIFIED =
  /^(?:(?:varchar|char|bit|varbit|time|timetz|timestamp|timestamptz)\(\d{1,8}\)|numeric\(\d{1,4}(?:,-?\d{1,4})?\))$/

const INTERVAL =
  /^interval(?: (?:year|month|day|hour|minute|second|year to month|day to hour|day to minute|day to second|hour to minute|hour to second|minute to second))?(?:\([0-6]\))?$/

/** The SQL of a built-in type, or the labels of an enumeration, for which the database needs a type of its own. */
export type ColumnType = { readonly sql: string } | { readonly labels: EnumType }

/** What a type's name means in SQL; undefined for a name that is not on the list, like those of composite types and of types of extensions. */
export function columnType(type: string): ColumnType | undefined {
  const labels = parseEnum(type)
  if (labels !== undefined) return { labels }
  const match = /^(.*?)((?:\[\])*)$/s.exec(type)
  const [element = '', arrays = ''] = [match?.[1], match?.[2]]
  if (element === '"char"' || PLAIN.has(element) || MODIFIED.test(element) || INTERVAL.test(element))
    return { sql: `${element}${arrays}` }
  return undefined
}
