import { expect, test } from 'vitest'
import type { Decision } from '../../../src/model/decision.ts'
import { explain } from '../../../src/report/words.ts'

const clash: Decision = {
  collection: 'users',
  key: '["u3"]',
  field: undefined,
  kind: 'constraint',
  base: undefined,
  ours: '{"id":"u3"}',
  theirs: undefined,
  chosen: undefined,
  rule: 'newest',
}

test.each<[string, Partial<Decision>, string]>([
  [
    'a record that lost its unique value to another',
    {},
    'It is quarantined, since the record it clashed with won: it is newer.',
  ],
  [
    'a value that was given back',
    { field: 'email', chosen: '"old"' },
    'It goes back to its former value, since the record it clashed with',
  ],
  [
    'a child without a parent',
    { rule: 'no-parent' },
    'It is quarantined, since the record it refers to does not exist.',
  ],
  [
    'a value that was given up for a record with no other place',
    { field: 'pos', rule: 'no-place', chosen: '3' },
    'It goes back to its former value, since another record that existed before has no other value left.',
  ],
  [
    'a parent that is needed',
    { rule: 'keep', chosen: '{}' },
    'The record is kept, since the other side has records that refer to it.',
  ],
  [
    'a record that the database refuses',
    { rule: 'refused', chosen: '{"id":"u3"}' },
    'Live keeps its own and the other is quarantined, since the database refuses it.',
  ],
  ['a record taken whole', { theirs: '{}', chosen: '{}' }, 'Chosen whole: **theirs**, since it is newer.'],
])('the report says what became of %s', (_title, decision, words) => {
  expect(explain({ ...clash, ...decision })).toContain(words)
})
