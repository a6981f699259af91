/** The guard against mass deletes, at its bounds: how many may go without a word, with a configured bound, and with one that somebody gave. */
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/model/errors.ts'
import { consentOf } from '../../../src/cli/consent.ts'
import { guardReason } from '../../../src/source/guard.ts'

type Bound = string | number

function reason(deletes: number, size: number, more: { bound?: Bound; allowed?: string[] } = {}): string | undefined {
  const { bound, allowed = [] } = more
  const guard = bound === undefined ? {} : { guard: { deletes: bound } }
  const config = {
    name: 'app',
    urlTemplate: 'sqlite:app.db',
    include: ['*'],
    exclude: [],
    collections: { traders: guard },
  }
  return guardReason(
    { config },
    { collection: 'traders', deletes, size, consent: consentOf({ allowDeletes: allowed }) },
  )
}

describe('without a configured bound', () => {
  test.each([
    ['nothing of an empty collection', 0, 0],
    ['all ten of ten records', 10, 10],
    ['ten of any number', 10, 11],
    ['exactly a fifth', 11, 55],
    ['exactly a fifth of many', 2000, 10_000],
  ])('%s may go', (_what, deletes, size) => {
    expect(reason(deletes, size)).toBeUndefined()
  })

  test.each([
    ['all eleven of eleven records', 11, 11],
    ['one more than a fifth', 12, 55],
    ['eleven of one less than five times as many', 11, 54],
    ['one more than a fifth of many', 2001, 10_000],
    ['everything', 500, 500],
  ])('%s is held', (_what, deletes, size) => {
    expect(reason(deletes, size)).toBe(
      `would delete ${deletes} of ${size} records; if that is meant: --allow-deletes traders=${deletes}`,
    )
  })
})

describe('a configured bound', () => {
  test('as a number holds what is beyond it, and nothing that is not', () => {
    expect(reason(3, 1000, { bound: 3 })).toBeUndefined()
    expect(reason(4, 1000, { bound: 3 })).toMatch(/^would delete 4 of 1000 /)
    expect(reason(500, 500, { bound: 500 })).toBeUndefined()
  })

  test('as a share holds what is beyond it, and nothing that is not', () => {
    expect(reason(25, 100, { bound: '25%' })).toBeUndefined()
    expect(reason(26, 100, { bound: '25%' })).toMatch(/^would delete 26 of 100 /)
    expect(reason(100, 100, { bound: '100%' })).toBeUndefined()
    for (const percent of [28, 29, 55, 57, 58]) expect(reason(percent, 100, { bound: `${percent}%` })).toBeUndefined()
    expect(reason(30, 100, { bound: '29%' })).toMatch(/^would delete 30 of 100 /)
  })

  test('takes the place of the ten that are free otherwise', () => {
    expect(reason(1, 1000, { bound: 0 })).toMatch(/^would delete 1 /)
    expect(reason(1, 1000, { bound: '0%' })).toMatch(/^would delete 1 /)
    expect(reason(0, 1000, { bound: 0 })).toBeUndefined()
    expect(reason(2, 4, { bound: '25%' })).toMatch(/^would delete 2 /)
  })
})

describe('--allow-deletes', () => {
  test('lets so many go and not one more, whatever the bound', () => {
    expect(reason(25, 25, { allowed: ['traders=25'] })).toBeUndefined()
    expect(reason(25, 25, { allowed: ['traders=24'] })).toMatch(/traders=25$/)
    expect(reason(5, 5, { allowed: ['traders=5'], bound: 0 })).toBeUndefined()
  })

  test('is for the collection that it names and for no other', () => {
    expect(reason(25, 25, { allowed: ['posts=25'] })).toBeDefined()
    expect(reason(25, 25, { allowed: ['posts=1', 'public.traders=25'] })).toBeUndefined()
  })

  test('never forbids what may go without it', () => {
    expect(reason(10, 10, { allowed: ['traders=1'] })).toBeUndefined()
  })

  test.each(['traders', 'traders=', 'traders=-1', 'traders=many', '=5', 'traders=5 '])('%s is refused', (text) => {
    expect(() => consentOf({ allowDeletes: [text] })).toThrow(UsageError)
  })

  test('takes a name that holds an equals sign', () => {
    expect(consentOf({ allowDeletes: ['a=b=5'] }).deletes).toEqual(new Map([['a=b', 5]]))
  })
})
