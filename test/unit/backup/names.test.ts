import { assert, constantFrom, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planCopy } from '../../../src/backup/copy.ts'
import { type CatalogueEntry, findEntry } from '../../../src/backup/catalogue.ts'
import { isInnerPath } from '../../../src/backup/manifest.ts'
import { archiveFile, freeStamp, parseArchiveFile, stampMs, stampOf } from '../../../src/backup/names.ts'
import { suspicion } from '../../../src/backup/suspect.ts'
import { policyOf } from '../../../src/config/backup.ts'

const SECOND = 1_000

describe('the name of an archive', () => {
  it('says its time in UTC, what started it and its form, and nothing else is one', () => {
    assert(
      property(
        integer({ min: 0, max: 253_402_300_799 }),
        constantFrom('manual', 'before-restore', 'x1'),
        constantFrom('tar.gz' as const, 'zip' as const),
        constantFrom(true, false),
        (second, trigger, format, encrypted) => {
          const stamp = stampOf(second * SECOND)
          expect(stampMs(stamp)).toBe(second * SECOND)
          const name = { stamp, trigger, format, encrypted }
          expect(parseArchiveFile(archiveFile(name))).toEqual(name)
        },
      ),
    )
    const others = [
      'backup_20261201_021500_Manual.tar.gz',
      'backup_2026_a.zip',
      'x.tar.gz',
      'backup_20261201_021500_a.tar.gz.sha256',
    ]
    expect(others.map(parseArchiveFile)).toEqual(others.map(() => undefined))
  })

  it('has a second of its own', () => {
    const taken = new Set([stampOf(0), stampOf(SECOND)])
    expect(freeStamp(0, taken)).toBe(stampOf(2 * SECOND))
  })
})

describe('paths in an archive', () => {
  it('never lead out of the folder into which it is unpacked', () => {
    const outside = ['/etc/passwd', '../x', 'a/../../x', 'C:/x', 'a\\b', './x', 'a//b', '', 'a/\n']
    expect(outside.filter(isInnerPath)).toEqual([])
    expect(['manifest.json', 'sources/app/collections/a%20b/records.jsonl'].filter(isInnerPath)).toHaveLength(2)
  })
})

function entry(file: string, records: number, more: Partial<CatalogueEntry> = {}): CatalogueEntry {
  const time = new Date(stampMs(parseArchiveFile(file)?.stamp ?? '')).toISOString()
  return {
    file,
    time,
    trigger: 'manual',
    asset: 'a',
    sizeBytes: 1,
    sha256: 'x',
    content: '',
    sources: [{ name: 'app', engine: 'sqlite', digest: '', records }],
    missing: [],
    also: [],
    readable: time,
    proven: {},
    ...more,
  }
}

const file = (day: number): string =>
  archiveFile({
    stamp: `202611${String(day).padStart(2, '0')}_000000`,
    trigger: 'manual',
    format: 'tar.gz',
    encrypted: false,
  })

describe('a suspicious backup', () => {
  it('has no records, or less than half of those before', () => {
    const before = [entry(file(1), 100)]
    expect(suspicion([{ name: 'app', records: 0 }], before)).toMatch(/has 0 records, and had 100/)
    expect(suspicion([{ name: 'app', records: 50 }], before)).toBeDefined()
    expect(suspicion([{ name: 'app', records: 51 }], before)).toBeUndefined()
    expect(suspicion([{ name: 'app', records: 3 }], [entry(file(1), 10)])).toBeUndefined()
    expect(suspicion([{ name: 'other', records: 0 }], before)).toBeUndefined()
  })

  it('is compared with the last one that was not suspicious itself, so that the second empty one is suspicious too', () => {
    const before = [entry(file(1), 100), entry(file(2), 0, { suspect: 'app has 0 records' })]
    expect(suspicion([{ name: 'app', records: 0 }], before)).toMatch(/had 100/)
  })
})

describe('the latest backup', () => {
  it('counts, and is never what a restore saved, unless its content was there before', () => {
    const [first, broken, saved] = [
      entry(file(1), 5),
      entry(file(2), 5, { problem: 'damaged' }),
      entry(file(3), 5, { trigger: 'before-restore' }),
    ]
    expect(findEntry([first, broken, saved], undefined, '').file).toBe(file(1))
    const again = { ...saved, also: [{ time: saved.time, trigger: 'manual' }] }
    expect(findEntry([first, broken, again], 'latest', '').file).toBe(file(3))
    expect(findEntry([first, broken, saved], '20261103_000000', '').file).toBe(file(3))
    expect(() => findEntry([first], '20200101_000000', '')).toThrow(/no backup 20200101_000000/)
  })
})

describe('a second copy', () => {
  const keep = policyOf({ last: 2, minimum: 1 })
  const now = Date.UTC(2026, 11, 1)

  it('gets what its own policy wants and is not there, never a damaged archive, and loses what the policy does not want', () => {
    const here = [entry(file(3), 5), entry(file(4), 5, { problem: 'damaged' }), entry(file(5), 5)]
    const there = [entry(file(1), 5), entry(file(2), 5)]
    const plan = planCopy({ here, there, present: there.map((each) => each.file) }, keep, now)
    expect(plan.copy.map((each) => each.file)).toEqual([file(3), file(5)])
    expect(plan.remove).toEqual([file(1), file(2)])
    expect(plan.catalogue.map((each) => each.file)).toEqual([file(3), file(5)])
  })

  it('copies again what its catalogue names and its place has not', () => {
    const one = entry(file(1), 5)
    expect(planCopy({ here: [one], there: [one], present: [] }, keep, now).copy).toEqual([one])
  })
})
