import { describe, expect, test } from 'vitest'
import { addChanges } from '../../../src/merge/values/counters.ts'
import { merge, mergedText, rulesWith, stampsWith } from './rules.ts'

describe('adding both sides’ changes', () => {
  test.each([
    ['integers', '10', '12', '15', '17'],
    ['a decrement', '10', '7', '12', '9'],
    ['decimal strings, at the greater scale', '"12.50"', '"13.00"', '"12.755"', '"13.255"'],
    ['amounts that floating point cannot hold', '"0.1"', '"0.3"', '"0.2"', '"0.4"'],
    ['very large integers', '"90071992547409930"', '"90071992547409931"', '"90071992547409932"', '"90071992547409933"'],
    [
      'an integer column that outgrew 2^53',
      '9007199254740991',
      '"9007199254740992"',
      '9007199254740991',
      '"9007199254740992"',
    ],
    [
      'SQLite’s large integers',
      '9007199254740991',
      '{"$int":"9007199254740993"}',
      '9007199254740990',
      '{"$int":"9007199254740992"}',
    ],
    ['SQLite’s reals', '{"$real":"1.5"}', '{"$real":"2.5"}', '{"$real":"1.75"}', '{"$real":"2.75"}'],
    ['SQLite’s whole reals', '{"$real":"1.5"}', '{"$real":"2.0"}', '{"$real":"2.5"}', '{"$real":"3.0"}'],
    ['a sum of negative numbers', '"0.00"', '"-0.05"', '"-0.01"', '"-0.06"'],
  ])('adds %s', (_what, base, ours, theirs, sum) => {
    expect(addChanges({ base, ours, theirs }, 'sorted')).toBe(sum)
    expect(addChanges({ base, ours: theirs, theirs: ours }, 'sorted')).toBe(sum)
  })

  test.each([
    ['longs', '{"$numberLong":"5"}', '{"$numberLong":"6"}', '{"$numberLong":"8"}', '{"$numberLong":"9"}'],
    ['an int32 that outgrows itself', '2147483646', '2147483647', '2147483647', '{"$numberLong":"2147483648"}'],
    ['doubles', '1.5', '2.25', '1.75', '2.5'],
    ['doubles with a whole sum', '1.5', '2.25', '2.25', '{"$numberDouble":"3.0"}'],
    ['an integer that became a double', '1', '2', '1.5', '2.5'],
    [
      'decimals',
      '{"$numberDecimal":"1.10"}',
      '{"$numberDecimal":"1.20"}',
      '{"$numberDecimal":"1.105"}',
      '{"$numberDecimal":"1.205"}',
    ],
  ])('adds the %s of documents', (_what, base, ours, theirs, sum) => {
    expect(addChanges({ base, ours, theirs }, 'kept')).toBe(sum)
  })

  test('adds jsonb numbers exactly, whatever their size', () => {
    const counter = { base: '0.10', ours: '12345678901234567890.25', theirs: '1' }
    expect(addChanges(counter, 'jsonb')).toBe('12345678901234567891.15')
  })

  test.each([
    ['text', '"a"', '"b"', '"c"'],
    ['null', '1', 'null', '2'],
    ['different kinds', '{"$numberDecimal":"1"}', '2', '3'],
    ['not a number', '1', '{"$numberDouble":"NaN"}', '2'],
    ['strings with an exponent', '"1"', '"1e3"', '"2"'],
    ['exponents no column holds', '1', '1e99999', '2'],
    [
      'a long that would overflow',
      '{"$numberLong":"0"}',
      '{"$numberLong":"9223372036854775807"}',
      '{"$numberLong":"1"}',
    ],
    ['a bare sum beyond 2^53', '0', '9007199254740991', '1'],
  ])('leaves %s to the winner', (_what, base, ours, theirs) => {
    expect(addChanges({ base, ours, theirs }, 'sorted')).toBeUndefined()
  })
})

describe('a counter field', () => {
  const rules = rulesWith({ counters: ['wins'] })

  test('gets both sides’ increments and is reported', () => {
    expect(merge({ base: '{"wins":5}', ours: '{"wins":6}', theirs: '{"wins":8}', rules })).toMatchObject({
      text: '{"wins":9}',
      decisions: [{ field: 'wins', rule: 'counter', base: '5', ours: '6', theirs: '8', chosen: '9' }],
    })
  })

  test('counts two equal increments twice when the records differ elsewhere', () => {
    const outcome = merge({ base: '{"t":0,"wins":5}', ours: '{"t":1,"wins":6}', theirs: '{"t":2,"wins":6}', rules })
    expect(mergedText(outcome)).toBe('{"t":2,"wins":7}')
  })

  test('does not count a change twice that reached both sides as one record', () => {
    expect(mergedText(merge({ base: '{"wins":5}', ours: '{"wins":6}', theirs: '{"wins":6}', rules }))).toBe(
      '{"wins":6}',
    )
  })

  test('starts from 0 where the record was there without it, but added records are not added up', () => {
    const [ours, theirs] = ['{"id":1,"wins":3}', '{"id":1,"wins":4}']
    expect(mergedText(merge({ base: '{"id":1}', ours, theirs, rules }))).toBe('{"id":1,"wins":7}')
    expect(mergedText(merge({ ours, theirs, rules }))).toBe('{"id":1,"wins":4}')
  })

  test('that is no number goes to the winner', () => {
    const stamps = stampsWith({ at: 3000 }, { at: 2000 })
    const outcome = merge({ base: '{"wins":5}', ours: '{"wins":"many"}', theirs: '{"wins":8}', rules, stamps })
    expect(outcome).toMatchObject({ text: '{"wins":"many"}', decisions: [{ rule: 'newest', theirs: '8' }] })
  })
})
