/** The findings of health as OpenMetrics text, for the collector of text files of a node_exporter. Pure. */
import type { JobRun } from '../workspace/runs.ts'
import type { HealthCheck } from './check.ts'
import type { AssetLag } from './heartbeat.ts'
import { endedWell } from './jobs.ts'

/** What the metrics are made of. */
export interface MetricsInput {
  readonly nowMs: number
  readonly checks: readonly HealthCheck[]
  /** The newest runs of each job. */
  readonly runs: ReadonlyMap<string, readonly JobRun[]>
  readonly lags: readonly AssetLag[]
  readonly queued: number
}

/** The whole text, `# EOF` at its end. */
export function metricsText(input: MetricsInput): string {
  const { nowMs, checks, runs, lags, queued } = input
  const seconds = (time: string): number => Date.parse(time) / 1000
  const lasts = [...runs].flatMap(([job, all]) => all.slice(-1).map((run) => ({ job, run })))
  const goods = [...runs].flatMap(([job, all]) =>
    all
      .filter(endedWell)
      .slice(-1)
      .map((run) => ({ job, run })),
  )
  return [
    ...gauge('tandem_health_ok', 'No alarm', [['', Number(checks.every(({ status }) => status !== 'fail'))]]),
    ...gauge('tandem_health_checked_timestamp_seconds', 'When health was looked at', [['', nowMs / 1000]]),
    ...gauge(
      'tandem_check',
      'State of a check: 0 well, 1 worth a look, 2 alarm',
      checks.map(({ name, status }) => [label('check', name), { ok: 0, warn: 1, fail: 2 }[status]]),
    ),
    ...gauge(
      'tandem_job_last_success_timestamp_seconds',
      'When a job last ended well',
      goods.map(({ job, run }) => [label('job', job), seconds(run.ended)]),
    ),
    ...gauge(
      'tandem_job_last_exit_code',
      'Exit code of the newest run',
      lasts.map(({ job, run }) => [label('job', job), run.exitCode]),
    ),
    ...gauge(
      'tandem_job_last_duration_seconds',
      'How long the newest run took',
      lasts.map(({ job, run }) => [label('job', job), seconds(run.ended) - seconds(run.started)]),
    ),
    ...gauge('tandem_queue_entries', 'Failed work that waits to be tried again', [['', queued]]),
    ...gauge(
      'tandem_asset_silence_seconds',
      'Since the last sign of life of another asset',
      lags.map(({ asset, lastSeen }) => [label('asset', asset), nowMs / 1000 - seconds(lastSeen)]),
    ),
    '# EOF',
    '',
  ].join('\n')
}

function gauge(name: string, help: string, values: readonly (readonly [labels: string, value: number])[]): string[] {
  if (values.length === 0) return []
  const lines = values.map(([labels, value]) => `${name}${labels} ${Number(value.toFixed(3))}`)
  return [`# TYPE ${name} gauge`, `# HELP ${name} ${help}`, ...lines]
}

function label(name: string, value: string): string {
  const escaped = value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
  return `{${name}="${escaped}"}`
}
