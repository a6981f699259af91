import { assert, constantFrom, integer, nat, property, record, uniqueArray } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CatalogueEntry } from '../../../src/backup/catalogue.ts'
import { archiveFile, stampOf } from '../../../src/backup/names.ts'
import { type RetentionRules, isGood, planRetention } from '../../../src/backup/retention.ts'
import { policyOf, resolveBackup } from '../../../src/config/backup.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 11, 1, 12)
const DEFAULT: RetentionRules = { ...resolveBackup(), byTrigger: true }

function entryAt(ms: number, more: Partial<CatalogueEntry> = {}): CatalogueEntry {
  const trigger = more.trigger ?? 'schedule'
  return {
    file: archiveFile({ stamp: stampOf(ms), trigger, format: 'tar.gz', encrypted: false }),
    time: new Date(ms).toISOString(),
    trigger,
    asset: 'a',
    sizeBytes: 1,
    sha256: '',
    content: String(ms),
    sources: [{ name: 'app', engine: 'sqlite', digest: '', records: 5 }],
    missing: [],
    also: [],
    readable: new Date(ms).toISOString(),
    proven: {},
    ...more,
  }
}

const bad = (ms: number): CatalogueEntry => ({ ...entryAt(ms), problem: 'it was changed' })

/** What is left when it is pruned after every backup. */
function simulate(times: readonly number[], rules: RetentionRules): readonly CatalogueEntry[] {
  let entries: readonly CatalogueEntry[] = []
  for (const ms of times) {
    entries = [...entries, entryAt(ms)]
    const { keep } = planRetention(entries, rules, ms)
    entries = entries.filter(({ file }) => keep.has(file))
  }
  return entries
}

const anyEntry = record({
  ago: integer({ min: -DAY, max: 800 * DAY }),
  trigger: constantFrom('schedule', 'sync'),
  kind: constantFrom('good', 'good', 'good', 'proven', 'bad', 'unread'),
}).map(({ ago, trigger, kind }) => {
  const entry = entryAt(NOW - ago, { trigger })
  if (kind === 'proven') return { ...entry, proven: { app: entry.time } }
  if (kind === 'bad') return { ...entry, problem: 'damaged' }
  const { readable: _never, ...unread } = entry
  return kind === 'unread' ? unread : entry
})

const anyFolder = uniqueArray(anyEntry, { selector: ({ file }) => file.slice(0, 22), maxLength: 60 })

const anyRules = record({
  last: nat(5),
  hourly: nat(5),
  daily: nat(5),
  weekly: nat(5),
  monthly: nat(5),
  yearly: nat(3),
  minimum: integer({ min: 1, max: 5 }),
  within: constantFrom('1h', '2d', '30d'),
}).map((keep): RetentionRules => ({ keep: policyOf(keep), sources: {}, byTrigger: true }))

const newest = (entries: readonly CatalogueEntry[]): CatalogueEntry | undefined =>
  [...entries].sort((a, b) => (a.time < b.time ? -1 : 1)).at(-1)

describe('retention', () => {
  it('never removes the last readable one, the last proven one, nor less than the minimum', () => {
    assert(
      property(anyFolder, anyRules, (entries, rules) => {
        const { keep, remove } = planRetention(entries, rules, NOW)
        const good = entries.filter(isGood)
        const proven = good.filter((entry) => entry.proven['app'] !== undefined)
        const last = [newest(good), newest(proven)].flatMap((entry) => entry?.file ?? [])
        expect(last.filter((file) => !keep.has(file))).toEqual([])
        const left = good.filter(({ file }) => keep.has(file)).length
        expect(left).toBeGreaterThanOrEqual(Math.min(good.length, rules.keep.minimum))
        expect(keep.size + remove.length).toBe(entries.length)
      }),
    )
  })

  it('counts only readable ones: a damaged or unread archive is never the reason why a good one goes', () => {
    assert(
      property(anyFolder, anyRules, (entries, rules) => {
        const all = planRetention(entries, rules, NOW)
        const good = planRetention(entries.filter(isGood), rules, NOW)
        expect(all.remove).toEqual(good.remove)
      }),
    )
  })

  it('is at rest after it was carried out', () => {
    assert(
      property(anyFolder, anyRules, (entries, rules) => {
        const { keep } = planRetention(entries, rules, NOW)
        const left = entries.filter(({ file }) => keep.has(file))
        expect(planRetention(left, rules, NOW).remove).toEqual([])
      }),
    )
  })

  it('three weeks of a backup every half an hour end as the policy says', () => {
    const start = NOW - 21 * DAY
    const times = Array.from({ length: 21 * 48 + 1 }, (_, i) => start + i * (HOUR / 2))
    const left = simulate(times, DEFAULT).map(({ time }) => Date.parse(time))
    const older = left.filter((ms) => NOW - ms > 2 * DAY)
    expect(left.filter((ms) => NOW - ms <= 2 * DAY)).toHaveLength(2 * 48 + 1)
    // the last of each of the 14 newest days, two of them within two days; beyond, the last of a week or month
    const days = new Set(older.map((ms) => Math.floor(ms / DAY)))
    expect(older).toHaveLength(days.size)
    for (let day = 3; day < 14; day++) expect(days).toContain(Math.floor(NOW / DAY) - day)
    expect(older.filter((ms) => NOW - ms > 14 * DAY).length).toBeLessThanOrEqual(4)
  })

  it('has 24 different hours also in the night in which clocks are put back', () => {
    const end = Date.UTC(2026, 9, 25, 12)
    const times = Array.from({ length: 72 }, (_, i) => end - (71 - i) * HOUR)
    const rules = { keep: policyOf({ hourly: 24, minimum: 1 }), sources: {}, byTrigger: true }
    const left = simulate(times, rules).map(({ time }) => Date.parse(time))
    expect(left).toEqual(times.slice(-24))
  })

  it('keeps everything of a source that is suddenly empty, until that is accepted', () => {
    const entries = Array.from({ length: 20 }, (_, i) => entryAt(NOW - (40 - i) * DAY))
    const rules = { keep: policyOf({ last: 2, minimum: 1 }), sources: {}, byTrigger: true }
    expect(planRetention(entries, rules, NOW).remove).toHaveLength(18)
    const suspect = { ...entryAt(NOW - DAY), suspect: 'app has 0 records' }
    const plan = planRetention([...entries, suspect], rules, NOW)
    expect(plan.remove).toEqual([])
    expect(plan.held).toEqual([expect.stringContaining('app has 0 records')])
  })

  it('counts what different triggers make apart, and each source by its own policy', () => {
    const nightly = Array.from({ length: 3 }, (_, i) => entryAt(NOW - (i + 10) * DAY))
    const synced = Array.from({ length: 9 }, (_, i) => entryAt(NOW - i * HOUR, { trigger: 'sync' }))
    const keep = policyOf({ last: 3, minimum: 1 })
    expect(planRetention([...nightly, ...synced], { keep, sources: {}, byTrigger: true }, NOW).keep.size).toBe(6)
    expect(planRetention([...nightly, ...synced], { keep, sources: {}, byTrigger: false }, NOW).keep.size).toBe(3)
    const own = { app: { keep: policyOf({ last: 1, minimum: 1 }) } }
    expect(planRetention([...nightly, ...synced], { keep, sources: own, byTrigger: true }, NOW).keep.size).toBe(2)
  })

  it('takes an archive for every moment at which its content was found again', () => {
    const again = entryAt(NOW - 300 * DAY, {
      also: [{ time: new Date(NOW - HOUR).toISOString(), trigger: 'schedule' }],
    })
    const others = Array.from({ length: 5 }, (_, i) => entryAt(NOW - (i + 2) * DAY))
    const rules = { keep: policyOf({ last: 1, minimum: 1 }), sources: {}, byTrigger: true }
    expect([...planRetention([again, ...others], rules, NOW).keep.keys()]).toEqual([again.file])
  })

  it('leaves damaged archives for a person to look at, with the reason', () => {
    const plan = planRetention([entryAt(NOW - DAY), bad(NOW - 900 * DAY)], DEFAULT, NOW)
    expect([...plan.keep.values()].flat()).toContain('it was changed')
  })
})
