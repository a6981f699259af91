/** When a job of the schedule runs: `5m` (every so often), `02:00` (daily), `Sun 03:00` (weekly), `1st 04:00` (monthly). Times are this machine's own. */
import { durationMs } from '../model/duration.ts'

export const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

/** The time of day of a job. */
interface TimeOfDay {
  readonly hour: number
  readonly minute: number
}

export type When =
  | { readonly kind: 'every'; readonly everyMs: number }
  | ({ readonly kind: 'daily' } & TimeOfDay)
  | ({ readonly kind: 'weekly'; readonly weekday: number } & TimeOfDay)
  | ({ readonly kind: 'monthly'; readonly day: number } & TimeOfDay)

const MINUTE_MS = 60_000

const HOUR_MS = 60 * MINUTE_MS

const DAY_MS = 24 * HOUR_MS

/** The moment in a written form; undefined for another form, or for an interval under a minute or over a day. */
export function parseWhen(text: string): When | undefined {
  const everyMs = durationMs(text)
  if (everyMs !== undefined) return everyMs >= MINUTE_MS && everyMs <= DAY_MS ? { kind: 'every', everyMs } : undefined
  const [, before = '', hours = '', minutes = ''] = /^(?:(\w+) )?([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours === '') return undefined
  const time = { hour: Number(hours), minute: Number(minutes) }
  if (before === '') return { kind: 'daily', ...time }
  const weekday = WEEKDAYS.indexOf(before as (typeof WEEKDAYS)[number])
  if (weekday >= 0) return { kind: 'weekly', weekday, ...time }
  const day = Number(/^(\d{1,2})(?:st|nd|rd|th)$/.exec(before)?.[1])
  return day >= 1 && day <= 28 ? { kind: 'monthly', day, ...time } : undefined
}

/** About how long it is from one run to the next, in milliseconds. */
export function periodMs(when: When): number {
  if (when.kind === 'every') return when.everyMs
  return { daily: 1, weekly: 7, monthly: 31 }[when.kind] * DAY_MS
}

/** How old the newest run may be before it counts as overdue: a period, and a twelfth of it or an hour. A daily job has 26 hours. */
export function overdueMs(when: When): number {
  const period = periodMs(when)
  return period + Math.max(HOUR_MS, period / 12)
}

/**
 * The newest moment up to `nowMs` at which a job with a time of day was to run, in milliseconds since 1970. In a night in which the clock is put forward a time that is left out
 * counts as one hour later; where an hour comes twice, the first one counts, so that the job runs once.
 */
export function lastSlotMs(when: Exclude<When, { kind: 'every' }>, nowMs: number): number {
  const now = new Date(nowMs)
  const at = (day: number, month = now.getMonth()): number =>
    new Date(now.getFullYear(), month, day, when.hour, when.minute).getTime()
  if (when.kind === 'monthly') {
    const slot = at(when.day)
    return slot <= nowMs ? slot : at(when.day, now.getMonth() - 1)
  }
  const step = when.kind === 'weekly' ? 7 : 1
  const today = now.getDate() - (when.kind === 'weekly' ? (now.getDay() - when.weekday + 7) % 7 : 0)
  const slot = at(today)
  return slot <= nowMs ? slot : at(today - step)
}

/**
 * True when a job is due.
 * @param sinceMs when it last began; where it never ran, when the schedule was installed, so that a new schedule does not begin with every backup at once
 */
export function isDue(
  when: When,
  nowMs: number,
  last: { readonly sinceMs: number; readonly hasRun: boolean },
): boolean {
  if (when.kind !== 'every') return lastSlotMs(when, nowMs) > last.sinceMs
  // a tick that comes a little early must not leave a whole interval out
  return !last.hasRun || nowMs - last.sinceMs >= when.everyMs - Math.min(MINUTE_MS, when.everyMs / 4)
}
