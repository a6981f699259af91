/**
 * Which archives stay and which may go: a plan, made of the catalogue alone. Pure. Periods are counted in UTC, so that no change of a clock's zone makes a day longer or shorter; of
 * each period that has archives the newest stays.
 */
import type { KeepPolicy } from '../config/backup.ts'
import type { CatalogueEntry } from './catalogue.ts'

export interface RetentionRules {
  readonly keep: KeepPolicy
  /** Source → its own policy. */
  readonly sources: Readonly<Record<string, { readonly keep: KeepPolicy }>>
  /** What different triggers make is counted apart, so that a backup every five minutes does not take the place of the nightly ones. */
  readonly byTrigger: boolean
}

export interface RetentionPlan {
  /** File → why it stays. */
  readonly keep: ReadonlyMap<string, readonly string[]>
  readonly remove: readonly string[]
  /** Sources of which nothing is removed, and why. */
  readonly held: readonly string[]
}

/** A moment for which an archive stands. */
interface Point {
  readonly file: string
  readonly ms: number
  readonly trigger: string
}

const HOUR_MS = 3_600_000

const DAY_MS = 24 * HOUR_MS

/** The first of January 1970 was a Thursday; weeks begin on Monday. */
const MONDAY_MS = 4 * DAY_MS

const PERIODS: readonly (readonly [
  name: 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly',
  of: (ms: number) => string,
])[] = [
  ['hourly', (ms) => String(Math.floor(ms / HOUR_MS))],
  ['daily', (ms) => String(Math.floor(ms / DAY_MS))],
  ['weekly', (ms) => String(Math.floor((ms - MONDAY_MS) / (7 * DAY_MS)))],
  ['monthly', (ms) => new Date(ms).toISOString().slice(0, 7)],
  ['yearly', (ms) => new Date(ms).toISOString().slice(0, 4)],
]

/** True for an archive that counts: it was read to its end, and nothing was found since. */
export function isGood({ readable, problem }: CatalogueEntry): boolean {
  return readable !== undefined && problem === undefined
}

/**
 * Plans what may go. An archive stays when any of its sources wants it. One that is damaged or was never read counts for nothing, and stays for a person to look at; so does everything
 * of a source whose newest backup is suspicious.
 */
export function planRetention(entries: readonly CatalogueEntry[], rules: RetentionRules, nowMs: number): RetentionPlan {
  const keep = new Map<string, string[]>()
  const held: string[] = []
  const want = (file: string, why: string): void => {
    const reasons = keep.get(file) ?? []
    if (!reasons.includes(why)) keep.set(file, [...reasons, why])
  }
  for (const entry of entries) if (!isGood(entry)) want(entry.file, entry.problem ?? 'not checked yet')
  for (const source of new Set(entries.flatMap(({ sources }) => sources.map(({ name }) => name)))) {
    const own = entries.filter((entry) => isGood(entry) && entry.sources.some(({ name }) => name === source))
    const newest = latest(own)
    if (newest?.suspect !== undefined) {
      held.push(`${source}: ${newest.suspect}; nothing is removed until you have looked (tandem backup accept)`)
      for (const { file } of own) want(file, 'a suspicious backup is newer')
    }
    keepForSource(own, { source, policy: rules.sources[source]?.keep ?? rules.keep, rules, nowMs, want })
  }
  return { keep, remove: entries.filter(({ file }) => !keep.has(file)).map(({ file }) => file), held }
}

interface SourceRetention {
  readonly source: string
  readonly policy: KeepPolicy
  readonly rules: RetentionRules
  readonly nowMs: number
  readonly want: (file: string, why: string) => void
}

function keepForSource(own: readonly CatalogueEntry[], at: SourceRetention): void {
  const { source, policy, want, nowMs } = at
  for (const { file, suspect } of own) if (suspect !== undefined) want(file, 'suspicious')
  const counted = own.filter(({ suspect }) => suspect === undefined)
  const last = latest(counted)
  if (last !== undefined) want(last.file, `the last one of ${source}`)
  const proven = latest(counted.filter((entry) => entry.proven[source] !== undefined))
  if (proven !== undefined) want(proven.file, `the last proven one of ${source}`)
  const points = counted.flatMap(pointsOf).sort((a, b) => b.ms - a.ms)
  for (const point of points) {
    if (point.ms > nowMs) want(point.file, 'its time is still to come')
    if (nowMs - point.ms <= policy.withinMs) want(point.file, 'within')
  }
  for (const file of firstFiles(points, policy.minimum)) want(file, 'minimum')
  const groups = new Map<string, Point[]>()
  for (const point of points) {
    const group = at.rules.byTrigger ? point.trigger : ''
    groups.set(group, [...(groups.get(group) ?? []), point])
  }
  for (const group of groups.values()) keepTiers(group, policy, want)
}

/** @param points the newest first */
function keepTiers(points: readonly Point[], policy: KeepPolicy, want: SourceRetention['want']): void {
  for (const file of firstFiles(points, policy.last)) want(file, 'last')
  for (const [name, periodOf] of PERIODS) {
    const seen = new Set<string>()
    for (const { ms, file } of points) {
      const period = periodOf(ms)
      if (seen.has(period) || seen.size >= policy[name]) continue
      seen.add(period)
      want(file, name)
    }
  }
}

/** So many different files, the newest first. */
function firstFiles(points: readonly Point[], count: number): readonly string[] {
  return [...new Set(points.map(({ file }) => file))].slice(0, count)
}

function pointsOf({ file, time, trigger, also }: CatalogueEntry): Point[] {
  return [{ time, trigger }, ...also].map((each) => ({ file, ms: Date.parse(each.time), trigger: each.trigger }))
}

function latest(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  const newestOf = (entry: CatalogueEntry): number => Math.max(...pointsOf(entry).map(({ ms }) => ms))
  return [...entries].sort((a, b) => newestOf(a) - newestOf(b)).at(-1)
}
