/** A migration's default is nobody's edit. */
import { expect, test } from 'vitest'
import { withFilledIn } from '../../../src/merge/new-fields.ts'

const records = (...texts: readonly [string, string][]): Map<string, string> => new Map(texts)
const base = records(['[1]', '{"a":1}'], ['[2]', '{"a":2}'], ['[3]', '{"a":3}'])
const migrated = records(['[1]', '{"a":1,"s":0}'], ['[2]', '{"a":2,"s":0}'], ['[3]', '{"a":3,"s":0}'])
const edited = records(['[1]', '{"a":1,"s":5}'], ['[2]', '{"a":2,"s":0}'], ['[3]', '{"a":3,"s":0}'])

test('the value that a migration filled in counts as if the base had it, whichever side is ours', () => {
  const expected = [...migrated]
  expect([...withFilledIn({ base, ours: migrated, theirs: edited }, ['s'])]).toEqual(expected)
  expect([...withFilledIn({ base, ours: edited, theirs: migrated }, ['s'])]).toEqual(expected)
})

test('the default of one side is told from values that the other side filled in one by one', () => {
  const filled = records(['[1]', '{"a":1,"s":7}'], ['[2]', '{"a":2,"s":8}'], ['[3]', '{"a":3,"s":9}'])
  expect(withFilledIn({ base, ours: filled, theirs: migrated }, ['s']).get('[2]')).toBe('{"a":2,"s":0}')
})

test('a nullable field that most records lack leaves the base alone', () => {
  const some = records(['[1]', '{"a":1,"s":5}'], ['[2]', '{"a":2}'], ['[3]', '{"a":3}'])
  expect(withFilledIn({ base, ours: some, theirs: base }, ['s'])).toBe(base)
})

test('fields that were there before are not looked at', () => {
  expect(withFilledIn({ base, ours: migrated, theirs: edited }, [])).toBe(base)
})
