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

test('where the sides differ in what most records have, the base stays: nobody can tell a default from an edit', () => {
  const basic = records(['[1]', '{"a":1,"s":7}'], ['[2]', '{"a":2,"s":7}'], ['[3]', '{"a":3,"s":7}'])
  expect(withFilledIn({ base, ours: basic, theirs: migrated }, ['s'])).toBe(base)
})

test('a default that is known counts even where the other side edited every record alike, which is kept', () => {
  const uniform = records(['[1]', '{"a":1,"s":9}'], ['[2]', '{"a":2,"s":9}'], ['[3]', '{"a":3,"s":9}'])
  const filled = withFilledIn({ base, ours: migrated, theirs: uniform }, ['s'], new Map([['s', '0']]))
  expect([...filled]).toEqual([...migrated])
})

test('a record of the machine that had not migrated yet is left to the other side', () => {
  const late = records(['[1]', '{"a":1,"s":0}'], ['[2]', '{"a":2,"s":0}'], ['[3]', '{"a":3}'])
  const filled = withFilledIn({ base, ours: migrated, theirs: late }, ['s'])
  expect([filled.get('[2]'), filled.get('[3]')]).toEqual(['{"a":2,"s":0}', '{"a":3}'])
})

test('a nullable field that most records lack leaves the base alone', () => {
  const some = records(['[1]', '{"a":1,"s":5}'], ['[2]', '{"a":2}'], ['[3]', '{"a":3}'])
  expect(withFilledIn({ base, ours: some, theirs: base }, ['s'])).toBe(base)
})

test('fields that were there before are not looked at', () => {
  expect(withFilledIn({ base, ours: migrated, theirs: edited }, [])).toBe(base)
})
