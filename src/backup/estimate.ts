/** How much room the archives of a policy take once it has been in force for a while. Pure. */
import { type CatalogueEntry } from './catalogue.ts'
import { archiveFile, stampOf } from './names.ts'
import { type RetentionRules, planRetention } from './retention.ts'

export interface Capacity {
  /** For people: `30 days`. */
  readonly after: string
  readonly archives: number
  readonly sizeBytes: number
}

const DAY_MS = 86_400_000

/** Longest that is simulated: beyond it only yearly archives come on top. */
const SPANS: readonly (readonly [after: string, days: number])[] = [
  ['7 days', 7],
  ['30 days', 30],
  ['1 year', 365],
  ['3 years', 1_095],
]

/** Backups made between two prunings are many only where they are frequent; so many of the past are enough to find out what stays. */
const MOST_SIMULATED = 3_000

/** @param at `everyMs`: the time between two backups; `sizeBytes`: of one archive */
export function capacities(
  rules: RetentionRules,
  at: { readonly everyMs: number; readonly sizeBytes: number; readonly nowMs: number },
): readonly Capacity[] {
  return SPANS.map(([after, days]) => {
    const count = Math.max(1, Math.floor((days * DAY_MS) / at.everyMs) + 1)
    const archives = staying(rules, { ...at, count, spanMs: days * DAY_MS })
    return { after, archives, sizeBytes: archives * at.sizeBytes }
  })
}

/** Dense moments near the end, where they matter for `last`, `within` and `hourly`, and one an hour or day before. */
function staying(
  rules: RetentionRules,
  at: { readonly everyMs: number; readonly nowMs: number; readonly count: number; readonly spanMs: number },
): number {
  const step = Math.max(at.everyMs, Math.ceil(at.spanMs / MOST_SIMULATED))
  const dense = Math.min(at.count, MOST_SIMULATED)
  const moments = new Set<number>()
  for (let i = 0; i < dense; i++) moments.add(at.nowMs - i * at.everyMs)
  for (let ms = at.nowMs; ms >= at.nowMs - at.spanMs; ms -= step) moments.add(ms)
  return planRetention([...moments].map(entryAt), rules, at.nowMs).keep.size
}

function entryAt(ms: number): CatalogueEntry {
  const time = new Date(ms).toISOString()
  return {
    file: archiveFile({ stamp: stampOf(ms), trigger: 'schedule', format: 'tar.gz', encrypted: false }),
    time,
    trigger: 'schedule',
    asset: '',
    sizeBytes: 0,
    sha256: '',
    content: '',
    sources: [{ name: 'all', engine: '', digest: '', records: 0 }],
    missing: [],
    also: [],
    readable: time,
    proven: {},
  }
}
