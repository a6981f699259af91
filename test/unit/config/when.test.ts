import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isDue, lastSlotMs, overdueMs, parseWhen } from '../../../src/config/when.ts'

const former = process.env['TZ']

beforeEach(() => {
  process.env['TZ'] = 'Europe/Berlin'
})
afterEach(() => {
  if (former === undefined) delete process.env['TZ']
  else process.env['TZ'] = former
})

function slots(text: string, from: string, hours: number): string[] {
  const when = parseWhen(text)
  if (when === undefined || when.kind === 'every') throw new Error(text)
  const start = Date.parse(from)
  const found = Array.from({ length: hours * 12 }, (_, tick) => lastSlotMs(when, start + tick * 300_000))
  return [...new Set(found)].map((ms) => new Date(ms).toISOString())
}

describe('the time of a job', () => {
  test('is read in four forms, and in no other', () => {
    expect(parseWhen('5m')).toEqual({ kind: 'every', everyMs: 300_000 })
    expect(parseWhen('02:00')).toEqual({ kind: 'daily', hour: 2, minute: 0 })
    expect(parseWhen('Sun 03:00')).toEqual({ kind: 'weekly', weekday: 0, hour: 3, minute: 0 })
    expect(parseWhen('1st 04:00')).toEqual({ kind: 'monthly', day: 1, hour: 4, minute: 0 })
    for (const wrong of ['', '24:00', '2:00', '30s', '2d', 'sun 03:00', '31st 04:00', '0th 04:00', '1 04:00'])
      expect(parseWhen(wrong)).toBeUndefined()
  })

  test('comes once a day, a week and a month', () => {
    expect(slots('02:00', '2026-02-10T12:00:00Z', 48)).toEqual([
      '2026-02-10T01:00:00.000Z',
      '2026-02-11T01:00:00.000Z',
      '2026-02-12T01:00:00.000Z',
    ])
    expect(slots('Sun 03:00', '2026-02-10T12:00:00Z', 24 * 14)).toEqual([
      '2026-02-08T02:00:00.000Z',
      '2026-02-15T02:00:00.000Z',
      '2026-02-22T02:00:00.000Z',
    ])
    expect(slots('1st 04:00', '2026-01-31T12:00:00Z', 24 * 30)).toEqual([
      '2026-01-01T03:00:00.000Z',
      '2026-02-01T03:00:00.000Z',
      '2026-03-01T03:00:00.000Z',
    ])
  })

  test('comes once in the nights in which the clock changes', () => {
    // 29 March 2026: 02:00 becomes 03:00; 25 October 2026: 03:00 becomes 02:00
    expect(slots('02:30', '2026-03-28T12:00:00Z', 48)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:30:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
    expect(slots('02:30', '2026-10-24T12:00:00Z', 48)).toEqual([
      '2026-10-24T00:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })
})

describe('a job is due', () => {
  const every = parseWhen('5m') as NonNullable<ReturnType<typeof parseWhen>>
  const daily = parseWhen('02:00') as NonNullable<ReturnType<typeof parseWhen>>
  const noon = Date.parse('2026-02-10T12:00:00Z')

  test('when its time has passed, also hours ago while the machine was off', () => {
    expect(isDue(daily, noon, { sinceMs: noon - 3_600_000 * 12, hasRun: true })).toBe(true)
    expect(isDue(daily, noon, { sinceMs: noon - 3_600_000 * 10, hasRun: true })).toBe(false)
  })

  test('once its interval is over, even when the tick comes a moment early', () => {
    expect(isDue(every, noon, { sinceMs: noon - 299_000, hasRun: true })).toBe(true)
    expect(isDue(every, noon, { sinceMs: noon - 60_000, hasRun: true })).toBe(false)
  })

  test('not by a time of day before the schedule was installed', () => {
    expect(isDue(daily, noon, { sinceMs: noon - 60_000, hasRun: false })).toBe(false)
    expect(isDue(every, noon, { sinceMs: noon, hasRun: false })).toBe(true)
  })

  test('a daily job is overdue after 26 hours', () => {
    expect(overdueMs(daily)).toBe(26 * 3_600_000)
  })
})
