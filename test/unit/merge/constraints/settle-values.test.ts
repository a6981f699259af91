/** Who keeps the value that a merge gave him, decided for all at once. */
import { array, assert, integer, property, shuffledSubarray, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claim, settleValues } from '../../../../src/merge/constraints/settle-values.ts'

/** A record that was there before with the value `before`. */
function moved(key: string, before: string | undefined, value: string | undefined = before): Claim {
  return { key, values: value === before ? [value] : [value, before], standing: 'undisputed' }
}

function added(key: string, value: string): Claim {
  return { key, values: [value], standing: 'new' }
}

/** A record that came back, may have each of these values, and would rather have the first. */
function back(key: string, ...values: readonly string[]): Claim {
  return { key, values, standing: 'revived' }
}

/** Key → its value afterwards, without those that are left out. */
function placed(claims: readonly Claim[]): Record<string, string | undefined> {
  const settled = settleValues(claims)
  const staying = claims.filter(({ key }) => settled.has(key))
  return Object.fromEntries(staying.map(({ key, values }) => [key, values[settled.get(key) as number]]))
}

describe('of several records with one value', () => {
  test('the first keeps it, and the others go back', () => {
    expect(placed([moved('b', '2', '9'), moved('a', '1', '9')])).toEqual({ a: '1', b: '9' })
  })

  test('one that is new is left out when another ranks before it, and not when it ranks first', () => {
    expect(placed([moved('a', '1', '9'), added('n', '9')])).toEqual({ a: '9' })
    expect(placed([added('n', '9'), moved('a', '1', '9')])).toEqual({ a: '1', n: '9' })
  })

  test('one that has the value as before keeps it, whoever ranks first', () => {
    expect(placed([added('n', '1'), moved('a', '1')])).toEqual({ a: '1' })
    expect(placed([moved('b', '2', '1'), moved('a', '1')])).toEqual({ a: '1', b: '2' })
  })

  test('one that goes back takes its former value from whoever got it meanwhile', () => {
    expect(placed([moved('a', '1', '9'), moved('b', '2', '9'), moved('c', '3', '2')])).toEqual({
      a: '9',
      b: '2',
      c: '3',
    })
    expect(placed([moved('a', '1', '9'), moved('b', '2', '9'), added('n', '2')])).toEqual({ a: '9', b: '2' })
  })

  test('a choice that would leave somebody without a place is not made', () => {
    // a would take 2, so b 3, and c could have neither 3 nor 2
    expect(placed([moved('a', '1', '2'), moved('b', '2', '3'), moved('c', '3', '2')])).toEqual({
      a: '1',
      b: '3',
      c: '2',
    })
  })

  test('one that came back has no other place: whoever got it meanwhile goes back, though it ranks first', () => {
    // all of 0, 2 and 3 were there before, and c1 came back into 2 while c2 made room for it
    expect(placed([moved('c3', '3', '1'), moved('c2', '2', '1'), back('c1', '2')])).toEqual({
      c1: '2',
      c2: '1',
      c3: '3',
    })
  })

  test('one goes to a third value of its own where it can keep neither the first nor the second', () => {
    expect(placed([back('a', '3', '0', '1'), moved('b', '3', '0'), back('c', '0')])).toEqual({
      a: '1',
      b: '3',
      c: '0',
    })
  })

  test('where two have no value but the same, one that nobody deleted has it, else the better one', () => {
    expect(placed([back('b', '5'), back('a', '5'), moved('c', '1', '5')])).toEqual({ b: '5', c: '1' })
    expect(placed([back('b', '5'), moved('a', '5'), moved('c', '1', '5')])).toEqual({ a: '5', c: '1' })
  })

  test('one without a value clashes with nobody', () => {
    expect(placed([moved('a', undefined, '9'), moved('b', undefined, '9')])).toEqual({ a: '9', b: undefined })
  })
})

test('nobody who was there before is ever left out, and no value is held twice', () => {
  const scene = tuple(
    shuffledSubarray(['1', '2', '3', '4', '5', '6', '7', '8'], { minLength: 2 }),
    array(integer({ min: 1, max: 9 }), { minLength: 12, maxLength: 12 }),
    shuffledSubarray('abcdefghijkl'.split(''), { minLength: 12 }),
  )
  assert(
    property(scene, ([former, values, order]) => {
      const claims = order.map((key): Claim => {
        const n = key.charCodeAt(0) - 97
        const value = String(values[n])
        return n < former.length ? moved(key, former[n], value) : added(key, value)
      })
      const after = placed(claims)
      for (const [n] of former.entries()) expect(Object.keys(after)).toContain(String.fromCharCode(97 + n))
      expect(new Set(Object.values(after)).size).toBe(Object.values(after).length)
    }),
    { numRuns: 2000 },
  )
})
