/** Types of an export as SQL: a closed list. */
import { expect, test } from 'vitest'
import { columnType } from '../../../../src/adapters/postgres/type-text.ts'

test.each([
  'int4',
  'varchar(20)',
  'char(3)[]',
  'numeric(18,2)',
  'numeric(3,-2)',
  'timestamptz(3)',
  '"char"',
  'text[][]',
  'interval day to second(3)',
])('%s is written as it is', (type) => {
  expect(columnType(type)).toEqual({ sql: type })
})

test.each([
  '',
  '[]',
  'citext',
  'serial',
  'regclass',
  'int4; DROP TABLE x',
  'numeric(1); --',
  'varchar(20) DEFAULT pg_sleep(9)',
  'interval day to second(3) NOT NULL',
  'text\nNOT NULL',
  'TEXT',
  'composite("a" int4)',
  '"char',
])('%j is no type', (type) => {
  expect(columnType(type)).toBeUndefined()
})
