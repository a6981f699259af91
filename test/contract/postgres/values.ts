/** Everything PostgreSQL can store that is easily lost, as SQL and as the value's canonical text. Apart from the fixture because it is a long list. */
import { sortedObjectText, type RecordText, type ValueText } from '../../../src/model/canonical.ts'
import type { Statements } from '../fixture.ts'

/** One column: its type, and values in SQL with their texts in a record. */
interface ColumnValues {
  readonly column: string
  readonly type: string
  readonly values: readonly (readonly [sql: string, text: ValueText])[]
}

const TABLE = `"Sales.EU"."odd ""names"""`

/** The collection's name. */
export const VALUES_COLLECTION = `"Sales.EU"."odd ""names"""`

/** The server's text as a JSON string. */
function text(value: string): ValueText {
  return JSON.stringify(value)
}

/** Values whose SQL literal is their own text. */
function plain(...values: string[]): readonly (readonly [string, ValueText])[] {
  return values.map((value) => [`'${value.replaceAll("'", "''")}'`, text(value)] as const)
}

const COLUMNS: readonly ColumnValues[] = [
  {
    column: 'a_boolean',
    type: 'boolean',
    values: [
      ['true', 'true'],
      ['false', 'false'],
    ],
  },
  {
    column: 'int2',
    type: 'smallint',
    values: [
      ['-32768', '-32768'],
      ['0', '0'],
    ],
  },
  {
    column: 'int4',
    type: 'integer',
    values: [
      ['2147483647', '2147483647'],
      ['-1', '-1'],
    ],
  },
  {
    column: 'int8',
    type: 'bigint',
    values: [
      ['9007199254740991', '9007199254740991'],
      ['-9007199254740991', '-9007199254740991'],
      ['9007199254740992', '"9007199254740992"'],
      ['-9007199254740992', '"-9007199254740992"'],
      ['9223372036854775807', '"9223372036854775807"'],
      ['-9223372036854775808', '"-9223372036854775808"'],
      ['999999999999999', '999999999999999'],
    ],
  },
  { column: 'oid', type: 'oid', values: [['4294967295', '4294967295']] },
  {
    column: 'numeric',
    type: 'numeric',
    values: [
      ...plain('26.940', '0.00', '-0.000000001', 'NaN', '12345678901234567890.12345678901234567890'),
      ['1e400', text(`1${'0'.repeat(400)}`)],
    ],
  },
  {
    column: 'numeric_scaled',
    type: 'numeric(18,9)',
    values: [
      ['1.5', text('1.500000000')],
      ['0', text('0.000000000')],
    ],
  },
  { column: 'float4', type: 'real', values: plain('1.1', '3.4028235e+38', 'NaN', '-Infinity', '1e-45') },
  {
    column: 'float8',
    type: 'double precision',
    values: plain('0.30000000000000004', '5e-324', '-0', 'NaN', 'Infinity', '-Infinity', '1.7976931348623157e+308'),
  },
  {
    column: 'text',
    type: 'text',
    values: [
      ...plain('', ' ', 'null', '\\N', '\\.', 'a\\b', 'quote"d', "it's", 'é€😀', '\ufeffbom', '\u2028'),
      ...plain('\n', '\r\n', '\t', '\v\f\b', '\u0001\u001f\u007f', 'a\tb\\tc\nd\\ne', `{"a":"\\u0041"}`),
    ],
  },
  { column: 'varchar', type: 'varchar(5)', values: plain('12345', 'a  ') },
  {
    column: 'char',
    type: 'char(5)',
    values: [
      ["'ab'", text('ab   ')],
      ["''", text('     ')],
    ],
  },
  { column: 'internal_char', type: '"char"', values: plain('x') },
  { column: 'name', type: 'name', values: plain('a name') },
  {
    column: 'timestamptz',
    type: 'timestamptz',
    values: [
      ...plain(
        '2024-01-15 10:30:45.123456+00',
        '2024-01-15 10:30:45+00',
        'infinity',
        '-infinity',
        '0044-03-15 12:00:00+00 BC',
        '294276-12-31 23:59:59.999999+00',
      ),
      ["'2024-07-01 12:00:00 America/New_York'", text('2024-07-01 16:00:00+00')],
    ],
  },
  {
    column: 'timestamp',
    type: 'timestamp',
    values: plain('2024-02-29 00:00:00.1', 'infinity', '4713-01-01 00:00:00 BC'),
  },
  {
    column: 'timestamp_3',
    type: 'timestamp(3)',
    values: [["'2024-02-29 01:02:03.4567'", text('2024-02-29 01:02:03.457')]],
  },
  {
    column: 'date',
    type: 'date',
    values: plain('2024-01-02', 'infinity', '-infinity', '0001-12-31 BC', '5874897-12-31'),
  },
  { column: 'time', type: 'time', values: plain('00:00:00', '24:00:00', '23:59:59.999999') },
  { column: 'timetz', type: 'timetz', values: plain('10:00:00+05:30', '10:00:00.000001-08') },
  {
    column: 'interval',
    type: 'interval',
    values: plain(
      '1 year 2 mons -3 days +04:05:06.789',
      '-00:00:00.000001',
      '00:00:00',
      '-1 years -2 mons +3 days',
      '178000000 years',
    ),
  },
  {
    column: 'bytea',
    type: 'bytea',
    values: [
      [`decode('00ff5c27', 'hex')`, text('\\x00ff5c27')],
      ["''", text('\\x')],
    ],
  },
  { column: 'uuid', type: 'uuid', values: plain('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') },
  { column: 'inet', type: 'inet', values: plain('10.0.0.1', '10.0.0.1/8', '::1/128'.replace('/128', '')) },
  { column: 'cidr', type: 'cidr', values: plain('10.0.0.0/8', '10.1.2.3/32') },
  { column: 'macaddr', type: 'macaddr', values: plain('08:00:2b:01:02:03') },
  {
    column: 'money',
    type: 'money',
    values: [
      ["'1234.56'::numeric::money", text('$1,234.56')],
      ["'-0.05'::numeric::money", text('-$0.05')],
    ],
  },
  { column: 'bit', type: 'bit(3)', values: plain('101') },
  { column: 'varbit', type: 'varbit', values: plain('', '0101010101') },
  { column: 'point', type: 'point', values: plain('(0.1,-2)') },
  { column: 'tsvector', type: 'tsvector', values: plain(`'cat':2 'fat':1A`) },
  { column: 'xml', type: 'xml', values: plain('<a b="c">d</a>', 'text & no element'.replace('&', '&amp;')) },
  {
    column: 'ints',
    type: 'integer[]',
    values: plain('{}', '{1,NULL,3}', '[0:2]={1,2,3}', '[-1:0][2:3]={{1,2},{3,NULL}}'),
  },
  { column: 'texts', type: 'text[]', values: plain('{NULL,"NULL","","a b","q\\"q","b\\\\s",é}', '{{a,b},{c,d}}') },
  { column: 'bools', type: 'boolean[]', values: plain('{t,f,NULL}') },
  { column: 'jsons', type: 'jsonb[]', values: plain('{"{\\"a\\": 1.0}",NULL,null}'.replace(',null', ',"null"')) },
  { column: 'int4range', type: 'int4range', values: plain('[1,10)', 'empty', '(,5)', '(,)') },
  { column: 'numrange', type: 'numrange', values: plain('[1.10,2.0]', '(NaN,)'.replace('(NaN,)', '(1.0,NaN]')) },
  {
    column: 'tstzrange',
    type: 'tstzrange',
    values: plain('["2024-01-01 00:00:00+00",infinity)', '["2024-01-01 00:00:00.000001+00",)'),
  },
  { column: 'mood', type: 'kinds.mood', values: plain('so so', 'it\'s "fine"', '') },
  { column: 'moods', type: 'kinds.mood[]', values: plain('{"so so",NULL,""}') },
  { column: 'positive', type: 'kinds.positive', values: [['7', '7']] },
  { column: 'flag', type: 'kinds.flag', values: [['true', 'true']] },
  { column: 'document', type: 'kinds.document', values: [[`'{"a":1.50}'`, '{"a": 1.50}']] },
  { column: 'small_text', type: 'kinds.small_text', values: plain('abc') },
  { column: 'pair', type: 'kinds.pair', values: plain('(1.20,"x ""y"" \\\\ z")', '(,)', '(,"")') },
  { column: 'pairs', type: 'kinds.pair[]', values: plain('{"(1,a)","(,\\"b c\\")"}') },
  {
    column: 'json',
    type: 'json',
    values: plain('{"a": 1,\n  "a": 2, "n": 26.940, "big": 1e400}', ' [ 1 ] ', '"\\u0000"', 'null'),
  },
  {
    column: 'jsonb',
    type: 'jsonb',
    values: [
      [`'{"bb":26.940,"a":[1,{"b":null}],"a":{"x":true}}'`, '{"a": {"x": true}, "bb": 26.940}'],
      [`'null'`, 'null'],
      [`'1e400'`, `1${'0'.repeat(400)}`],
      [`'12345678901234567890.10'`, '12345678901234567890.10'],
      [`'-0.00'`, '0.00'],
      [`'"text"'`, '"text"'],
      [`'"a\\nb\\\\c\\u0001\\"\\u00e9\\/"'`, '"a\\nb\\\\c\\u0001\\"é/"'],
      [`'{}'`, '{}'],
      [`'[]'`, '[]'],
      [`'false'`, 'false'],
      [`'{"":"","__proto__":1,"$x":2}'`, '{"": "", "$x": 2, "__proto__": 1}'],
    ],
  },
  { column: 'quoted "column"', type: 'text', values: plain('x') },
  { column: 'n', type: 'text', values: plain('ours is called n too') },
  { column: 'ü', type: 'text', values: plain('ü') },
  { column: 'select', type: 'text', values: plain('from') },
]

/** The table with all these columns, none of them required but the key, and one that the database computes. */
export const VALUES_SETUP: Statements = [
  'CREATE SCHEMA kinds',
  'CREATE SCHEMA "Sales.EU"',
  `CREATE TYPE kinds.mood AS ENUM ('so so', 'it''s "fine"', '')`,
  'CREATE DOMAIN kinds.positive AS integer CHECK (VALUE > 0)',
  'CREATE DOMAIN kinds.flag AS boolean',
  'CREATE DOMAIN kinds.document AS jsonb',
  'CREATE DOMAIN kinds.small_text AS varchar(3)',
  'CREATE TYPE kinds.pair AS (a numeric, b text)',
  `CREATE TABLE ${TABLE} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, g bigint GENERATED ALWAYS AS (id * 2) STORED,
    ${COLUMNS.map(({ column, type }) => `${quote(column)} ${type}`).join(',\n')})`,
]

/** One row per value, so that every column is also seen as NULL. */
export const VALUES_FILL: Statements = COLUMNS.flatMap(({ column, type, values }) =>
  values.map(
    ([sql]) =>
      `INSERT INTO ${TABLE} (${quote(column)}) VALUES (${sql.startsWith("'") ? `${escaped(sql)}::${type}` : sql})`,
  ),
)

/** The records that these rows are. */
export const VALUES_RECORDS: readonly RecordText[] = COLUMNS.flatMap(({ column, values }) =>
  values.map(([, value]) => [column, value] as const),
).map(([column, value], i) =>
  sortedObjectText([
    ['id', String(i + 1)],
    [column, value],
  ]),
)

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** As an escape string, which means the same whatever standard_conforming_strings is. */
function escaped(literal: string): string {
  return `E${literal.replaceAll('\\', '\\\\')}`
}
