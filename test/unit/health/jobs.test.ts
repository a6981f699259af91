import { describe, expect, test } from 'vitest'
import { readHeartbeat } from '../../../src/health/heartbeat.ts'
import { checkJob } from '../../../src/health/jobs.ts'
import { metricsText } from '../../../src/health/metrics.ts'
import { copiesLines } from '../../../src/report/copies.ts'
import type { JobRun } from '../../../src/workspace/runs.ts'

const HOUR = 3_600_000

const NOW = Date.parse('2026-03-20T12:00:00Z')

function run(hoursAgo: number, more: Partial<JobRun> = {}, seconds = 60): JobRun {
  const started = NOW - hoursAgo * HOUR
  return {
    trigger: 'schedule',
    started: new Date(started).toISOString(),
    ended: new Date(started + seconds * 1000).toISOString(),
    exitCode: 0,
    message: 'done',
    figures: { sizeBytes: 1_000_000 },
    ...more,
  }
}

const daily = Array.from({ length: 10 }, (_, day) => run((10 - day) * 24 + 10))

function backup(...runs: readonly JobRun[]): ReturnType<typeof checkJob> {
  return checkJob({ name: 'backup', runs, mostMs: 26 * HOUR, command: 'tandem backup create' }, NOW)
}

describe('a job', () => {
  test('is well when it ended well in time', () => {
    expect(backup(...daily, run(10))).toMatchObject({ status: 'ok', message: 'last ended well 9 hours ago' })
  })

  test('that never ran, failed or is too long ago raises the alarm with the next command', () => {
    const next = 'Run: tandem backup create'
    expect(backup()).toMatchObject({ status: 'fail', message: 'has never run here', next })
    const failed = backup(...daily, run(1, { exitCode: 3, message: 'app does not answer' }))
    expect(failed).toMatchObject({ status: 'fail', next })
    expect(failed.message).toMatch(/^failed 59 minutes ago: app does not answer; last ended well 33 hours ago$/)
    expect(backup(run(27))).toMatchObject({ status: 'fail', next })
    expect(backup(run(25)).status).toBe('ok')
  })

  test('that is half as large as usual, or over far too soon, is worth a look', () => {
    expect(backup(...daily, run(1, { figures: { sizeBytes: 400_000 } }))).toMatchObject({ status: 'warn' })
    expect(backup(...daily, run(1, { figures: { sizeBytes: 600_000 } }))).toMatchObject({ status: 'ok' })
    expect(backup(...daily, run(1, {}, 5)).message).toContain('it took 5 s, where 60 s is usual')
  })
})

test('metrics end with a mark, and labels are escaped', () => {
  const check = { name: 'disk: "C:\\"', status: 'warn', message: '', next: undefined, isUnreachable: false } as const
  const text = metricsText({ nowMs: NOW, checks: [check], runs: new Map([['backup', daily]]), lags: [], queued: 2 })
  expect(text).toContain(String.raw`tandem_check{check="disk: \"C:\\\""} 1`)
  expect(text).toContain('tandem_queue_entries 2')
  expect(text).toContain(`tandem_job_last_success_timestamp_seconds{job="backup"} ${NOW / 1000 - 34 * 3600 + 60}`)
  expect(text.endsWith('# EOF\n')).toBe(true)
})

test('a sign of life that somebody else wrote is believed in nothing but its form', () => {
  expect(readHeartbeat('{"asset":"b\\u001b[2J","at":"2026-03-20T12:00:00Z","exports":"1","isWell":true}')?.asset).toBe(
    'b\\u{1b}[2J',
  )
  for (const wrong of ['', 'null', '[]', '{"asset":1,"at":"2026-03-20T12:00:00Z"}', '{"asset":"b","at":"soon"}'])
    expect(readHeartbeat(wrong)).toBeUndefined()
})

test('the copies are told as the former scripts did', () => {
  const side = { files: 24, sizeBytes: 184 * 1024 }
  const lines = copiesLines({
    mirror: { primary: { name: 'E:', ...side }, mirror: { name: 'D:', ...side }, isEqual: true },
    remote: { name: 'origin', missing: 0 },
    syncAgeMs: 120_000,
    backup: { ageMs: 61_000, isWell: true },
  })
  expect(lines).toEqual([
    'E: files: 24 | D: files: 24 | Match: ✅',
    'E: size: 184 KB | D: size: 184 KB | Match: ✅',
    'origin sync: ✅ Up to date',
    'Last sync: 2 minutes ago',
    'Backup status: ✅ Latest backup: 1 minute ago',
  ])
})
