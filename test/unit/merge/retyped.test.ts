/** What a migration makes of a value when it changes the type of a field. */
import { expect, test } from 'vitest'
import { inType } from '../../../src/merge/values/retyped.ts'

test.each([
  ['18', 'int4', 'numeric(10,2)', '"18.00"'],
  ['"18.5"', 'numeric', 'numeric(10,2)', '"18.50"'],
  ['"18.555"', 'numeric(10,3)', 'numeric(10,2)', '"18.56"'],
  ['"-18.555"', 'numeric(10,3)', 'numeric(10,2)', '"-18.56"'],
  ['"18.50"', 'numeric(10,2)', 'int4', '19'],
  ['18', 'int4', 'int8', '18'],
  ['18', 'integer', 'text', '"18"'],
  ['"18.50"', 'numeric(10,2)', 'varchar(20)', '"18.50"'],
  ['18', 'int4', 'numeric', '"18"'],
  ['18', 'int4', 'float8', '"18"'],
  ['"18.50"', 'numeric(10,2)', 'float8', '"18.5"'],
  ['"18.50"', 'numeric(10,2)', 'numeric', '"18.50"'],
  ['"018"', 'text', 'int4', '18'],
  ['"18"', 'text', 'integer', '18'],
  ['18', 'integer', 'real', '{"$real":"18.0"}'],
  ['{"$real":"18.5"}', 'real', 'numeric', '{"$real":"18.5"}'],
  ['{"$real":"18.0"}', 'real', 'integer', '18'],
  ['{"$real":"18.0"}', 'real', 'text', '"18.0"'],
])('%s of type %s is %s: %s', (value, from, to, expected) => {
  expect(inType(value, { from, to })).toBe(expected)
})

test.each([
  ['"NaN"', 'numeric', 'numeric(10,2)'],
  ['"about 18"', 'text', 'integer'],
  ['"1000000000000000000"', 'numeric', 'float8'],
  ['"18"', 'text', 'varchar(20)'],
  ['"18"', 'integer', 'any'],
  ['{"a":1}', 'json', 'jsonb'],
])('%s of type %s stays as it is for %s, where no conversion is known', (value, from, to) => {
  expect(inType(value, { from, to })).toBe(value)
})
