import { describe, expect, test } from 'vitest'
import { parseTimestamp } from '../../../src/merge/values/timestamp.ts'

const micros = (iso: string, more = 0): bigint => BigInt(Date.parse(iso)) * 1000n + BigInt(more)
const noon = '2024-01-15T10:30:45Z'

describe('a record’s time', () => {
  test.each([
    ['PostgreSQL with zone', '"2024-01-15 10:30:45.123456+00"', micros(noon, 123_456)],
    ['PostgreSQL with half hours', '"2024-01-15 16:00:45+05:30"', micros(noon)],
    ['PostgreSQL west of Greenwich', '"2024-01-15 07:00:45-03:30"', micros(noon)],
    ['PostgreSQL with seconds in the zone', '"2024-01-15 10:50:17+00:19:32"', micros(noon)],
    ['ISO 8601', '"2024-01-15T10:30:45.5Z"', micros(noon, 500_000)],
    ['ISO 8601 with nanoseconds', '"2024-01-15T10:30:45.123456789Z"', micros(noon, 123_456)],
    ['SQLite', '"2024-01-15 10:30:45"', micros(noon)],
    ['hours and minutes', '"2024-01-15 10:30"', micros('2024-01-15T10:30:00Z')],
    ['a date', '"2024-01-15"', micros('2024-01-15T00:00:00Z')],
    ['Extended JSON', '{"$date":{"$numberLong":"1705314645000"}}', micros(noon)],
    ['Extended JSON before 1970', '{"$date":{"$numberLong":"-1500"}}', -1_500_000n],
    ['relaxed Extended JSON', '{"$date":"2024-01-15T10:30:45Z"}', micros(noon)],
    ['epoch seconds', '1705314645', micros(noon)],
    ['epoch seconds with a fraction', '{"$real":"1705314645.25"}', micros(noon, 250_000)],
    ['epoch milliseconds', '1705314645123', micros(noon, 123_000)],
    ['epoch microseconds', '1705314645123456', micros(noon, 123_456)],
    ['epoch nanoseconds', '"1705314645123456789"', micros(noon, 123_456)],
    ['a typed integer', '{"$int":"1705314645"}', micros(noon)],
    ['a long', '{"$numberLong":"1705314645000"}', micros(noon)],
    ['a five-digit year', '"10000-01-01 00:00:00"', 253_402_300_800_000_000n],
  ])('is read from %s', (_form, text, expected) => {
    expect(parseTimestamp(text, 'UTC')).toBe(expected)
  })

  test.each([
    '"infinity"',
    '"-infinity"',
    '"0044-03-15 10:00:00 BC"',
    '"2024-02-30"',
    '"2024-13-01"',
    '"2024-01-15 25:00:00"',
    '"soon"',
    '""',
    'null',
    'true',
    '[1]',
    '{}',
    '{"$oid":"65a50d850000000000000000"}',
    '{"a":1}',
    '{"$numberDouble":"NaN"}',
  ])('is not read from %s', (text) => {
    expect(parseTimestamp(text, 'UTC')).toBeUndefined()
  })

  test('is not read from an absent field', () => {
    expect(parseTimestamp(undefined, 'UTC')).toBeUndefined()
  })

  test('is in the configured zone where it names none, through summer and winter', () => {
    expect(parseTimestamp('"2024-01-15 11:30:45"', 'Europe/Rome')).toBe(micros(noon))
    expect(parseTimestamp('"2024-07-15 12:30:45"', 'Europe/Rome')).toBe(micros('2024-07-15T10:30:45Z'))
    expect(parseTimestamp('"2024-01-15 05:30:45.000001"', 'America/New_York')).toBe(micros(noon, 1))
    expect(parseTimestamp('"2024-01-15 16:00:45"', 'Asia/Kolkata')).toBe(micros(noon))
  })

  test('that names a zone ignores the configured one', () => {
    expect(parseTimestamp('"2024-01-15T10:30:45Z"', 'Asia/Kolkata')).toBe(micros(noon))
  })

  test('near a change of the clocks is read the same way every time', () => {
    expect(parseTimestamp('"2024-03-31 01:59:59"', 'Europe/Rome')).toBe(micros('2024-03-31T00:59:59Z'))
    expect(parseTimestamp('"2024-03-31 03:00:00"', 'Europe/Rome')).toBe(micros('2024-03-31T01:00:00Z'))
    expect(parseTimestamp('"2024-10-27 03:00:00"', 'Europe/Rome')).toBe(micros('2024-10-27T02:00:00Z'))
  })
})
