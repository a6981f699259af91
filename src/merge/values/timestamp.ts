/**
 * Reads the time in a record's timestamp field, in whatever form its database writes it: PostgreSQL's and SQLite's text, ISO 8601, Extended JSON dates, epoch numbers.
 * Separate from winner.ts, which only compares times, because the forms are many.
 */
import { type ValueText, kindOf, splitObject } from '../../model/canonical.ts'
import { parseDecimal, rescale } from './decimal.ts'

const DATE_TIME =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?)?$/i

/**
 * Microseconds since 1970 UTC of a value text. An epoch number below 1e11 is in seconds, below 1e14 in milliseconds, below 1e17 in microseconds, else in nanoseconds. A date
 * without a time is its midnight.
 * @param zone IANA name of the zone for times that state none; it was validated when the configuration was read
 * @returns undefined when the value is absent or is no time (`infinity`, BC dates, impossible dates)
 * @throws RangeError when this runtime does not know the zone
 */
export function parseTimestamp(text: ValueText | undefined, zone: string): bigint | undefined {
  if (text === undefined) return undefined
  switch (kindOf(text)) {
    case 'string':
      return parseTimeText(JSON.parse(text) as string, zone)
    case 'number':
      return parseEpoch(text)
    case 'object':
      return parseTypedTime(text, zone)
    default:
      return undefined
  }
}

/** `{"$date":{"$numberLong":"…"}}`, `{"$date":"…Z"}` and the typed numbers of Extended JSON and SQLite. */
function parseTypedTime(text: ValueText, zone: string): bigint | undefined {
  const [entry, ...more] = splitObject(text)
  if (entry === undefined || more.length > 0) return undefined
  const [name, value] = entry
  if (name === '$date') return parseDate(value, zone)
  if (!/^\$(int|real|numberLong|numberInt|numberDouble)$/.test(name) || kindOf(value) !== 'string') return undefined
  return parseEpoch(JSON.parse(value) as string)
}

function parseDate(value: ValueText, zone: string): bigint | undefined {
  if (kindOf(value) !== 'object') return parseTimestamp(value, zone)
  const millis = splitObject(value).get('$numberLong')
  const digits = millis === undefined ? undefined : parseDecimal(JSON.parse(millis) as string)
  return digits === undefined ? undefined : rescale(digits, 3)
}

function parseTimeText(text: string, zone: string): bigint | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return parseEpoch(text)
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match
  const local = utcMillis([year, month, day, hour, minute, second].map(Number))
  if (local === undefined) return undefined
  const utc = offset === undefined ? local - zoneOffset(local, zone) : local - statedOffset(offset)
  return BigInt(utc) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}

/** Milliseconds since 1970 of a calendar date and clock time in UTC; undefined when there is no such date or time. */
function utcMillis([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]): number | undefined {
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month - 1, day)
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined
  if (hour > 24 || minute > 59 || second > 60) return undefined
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

/** Milliseconds that `Z`, `+02`, `-0330`, `+05:30` or `+00:19:32` is ahead of UTC. */
function statedOffset(offset: string): number {
  if (/^z$/i.test(offset)) return 0
  const [hours = 0, minutes = 0, seconds = 0] = (offset.slice(1).match(/\d\d/g) ?? []).map(Number)
  return (offset.startsWith('-') ? -1 : 1) * ((hours * 60 + minutes) * 60 + seconds) * 1000
}

/** By how many milliseconds a zone's clock was ahead of UTC when it showed `local`. Where the clock shows a time twice or never (daylight saving), every machine takes the same offset. */
function zoneOffset(local: number, zone: string): number {
  if (zone === 'UTC') return 0
  return offsetAt(local - offsetAt(local, zone), zone)
}

function offsetAt(utc: number, zone: string): number {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(utc)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const shown = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((type) => parts.get(type as 'year') ?? 0)
  return (utcMillis(shown) ?? utc) - Math.floor(utc / 1000) * 1000
}

const clocks = new Map<string, Intl.DateTimeFormat>()

/** The formatter of a zone, made once: making one takes longer than a thousand uses. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  const number = 'numeric'
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  })
  clocks.set(zone, clock)
  return clock
}

function parseEpoch(text: string): bigint | undefined {
  const number = parseDecimal(text)
  if (number === undefined) return undefined
  const whole = rescale(number, 0)
  const size = whole < 0n ? -whole : whole
  if (size < 10n ** 11n) return rescale(number, 6)
  if (size < 10n ** 14n) return rescale(number, 3)
  return size < 10n ** 17n ? whole : whole / 1000n
}
