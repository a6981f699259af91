import { describe, expect, test } from 'vitest'
import { countFilled, isEmpty } from '../../../src/merge/values/completeness.ts'
import { compareStamps, stampRecord } from '../../../src/merge/winner.ts'
import { splitObject } from '../../../src/model/canonical.ts'
import { rulesWith } from './rules.ts'

describe('completeness', () => {
  test.each([undefined, 'null', '""', '[]', '{}', '[ ]'])('counts %s as empty', (value) => {
    expect(isEmpty(value)).toBe(true)
  })

  test.each(['0', 'false', '" "', '[null]', '{"a":null}', '{"$real":"0.0"}'])('counts %s as filled', (value) => {
    expect(isEmpty(value)).toBe(false)
  })

  test('leaves derived fields out', () => {
    expect(countFilled(splitObject('{"a":1,"b":"","c":0,"d":null,"seen":1}'), ['seen'])).toBe(2)
  })
})

describe('the stamp of a side', () => {
  const rules = rulesWith({ newest: 't' })
  const writer = { asset: 'a', since: 1_000_000_000_000, at: 1_000_000_005_000 }
  const timeOf = (t: string, base?: string): bigint =>
    stampRecord({
      fields: splitObject(`{"t":${t}}`),
      base: base === undefined ? undefined : splitObject(`{"t":${base}}`),
      rules,
      writer,
    }).time

  test('is the record’s time where it moved forward inside the writer’s interval', () => {
    expect(timeOf('1000000002500')).toBe(1_000_000_002_500_000n)
    expect(timeOf('1000000002500', '1000000002000')).toBe(1_000_000_002_500_000n)
  })

  test('is the writer’s clock where the record’s time did not move, moved back, or is none', () => {
    for (const base of ['1000000002500', '1000000002600'])
      expect(timeOf('1000000002500', base)).toBe(1_000_000_005_000_000n)
    expect(timeOf('"infinity"')).toBe(1_000_000_005_000_000n)
    expect(timeOf('null')).toBe(1_000_000_005_000_000n)
  })

  test('is squeezed into the interval', () => {
    expect(timeOf('999999999999')).toBe(1_000_000_000_001_000n)
    expect(timeOf('1000000099999')).toBe(1_000_000_005_000_000n)
  })

  test('counts a time as moved where the base had none', () => {
    expect(timeOf('1000000002500', '"infinity"')).toBe(1_000_000_002_500_000n)
  })

  test('decides newest before most complete before asset, and leaves the rest to bytes', () => {
    const stamp = { time: 5n, filled: 3, asset: 'b' }
    expect(compareStamps(stamp, { time: 4n, filled: 9, asset: 'z' })).toEqual({ side: 'ours', rule: 'newest' })
    expect(compareStamps(stamp, { ...stamp, filled: 4, asset: 'a' })).toEqual({ side: 'theirs', rule: 'most-complete' })
    expect(compareStamps(stamp, { ...stamp, asset: 'a' })).toEqual({ side: 'ours', rule: 'asset' })
    expect(compareStamps(stamp, stamp)).toBeUndefined()
  })
})
