/** Our names of types as SQL, from a closed list: what is not on it is no type, whatever its text. The reverse of types.ts. */
import { parseEnum, type EnumType } from '../../model/schema-change.ts'

/** pg_type's names of built-in types without a modifier. */
const PLAIN: ReadonlySet<string> = new Set(
  (
    'int2 int4 int8 float4 float8 numeric boolean text varchar bpchar name bytea date time timetz timestamp timestamptz uuid json jsonb xml ' +
    'inet cidr macaddr macaddr8 money bit varbit oid point line lseg box path polygon circle tsvector tsquery pg_lsn ' +
    'int4range int8range numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange'
  ).split(' '),
)

/** Those that take a length, precision or scale. */
const MODIFIED =
  /^(?:(?:varchar|char|bit|varbit|time|timetz|timestamp|timestamptz)\(\d{1,8}\)|numeric\(\d{1,4}(?:,-?\d{1,4})?\))$/

const INTERVAL =
  /^interval(?: (?:year|month|day|hour|minute|second|year to month|day to hour|day to minute|day to second|hour to minute|hour to second|minute to second))?(?:\([0-6]\))?$/

/** A type that SQL can name as it is, or one of labels, which has to be a type of the database first. */
export type ColumnType = { readonly sql: string } | { readonly labels: EnumType }

/** Undefined for what is on no list: composite types, those of extensions, and whatever somebody wrote. */
export function columnType(type: string): ColumnType | undefined {
  const labels = parseEnum(type)
  if (labels !== undefined) return { labels }
  const match = /^(.*?)((?:\[\])*)$/s.exec(type)
  const [element = '', arrays = ''] = [match?.[1], match?.[2]]
  if (element === '"char"' || PLAIN.has(element) || MODIFIED.test(element) || INTERVAL.test(element))
    return { sql: `${element}${arrays}` }
  return undefined
}
