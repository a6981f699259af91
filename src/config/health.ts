/** The words `health` and `queue` of a configuration. docs/health.md describes them. */
import { durationMs, sizeBytes } from '../model/duration.ts'
import type { Job } from './schedule.ts'

/** A folder that a database keeps outside of the project. */
interface DataDirectoryOptions {
  readonly path: string
  /** It lies on a file system of its own, so a folder on the system's disk means that the drive is not there. */
  readonly mounted?: boolean
}

/** As it is written. */
export interface HealthOptions {
  readonly backupAge?: string
  readonly syncAge?: string
  readonly assetAge?: string
  readonly diskFree?: string
  readonly dataDirectories?: readonly (string | DataDirectoryOptions)[]
  readonly metrics?: string
  readonly ping?: string | Readonly<Partial<Record<Job, string>>>
}

/** With its defaults; ages in milliseconds. */
export interface HealthConfig {
  readonly backupAgeMs: number
  /** undefined: an hour, and only where a schedule is installed. */
  readonly syncAgeMs: number | undefined
  readonly assetAgeMs: number
  readonly diskFree: { readonly bytes: number } | { readonly share: number }
  readonly dataDirectories: readonly Required<DataDirectoryOptions>[]
  /** File for OpenMetrics. */
  readonly metrics: string | undefined
  /** URL by job, as written; a single URL is told of the job `health`. */
  readonly ping: Readonly<Partial<Record<Job, string>>>
}

/** `health` with its defaults. */
export function resolveHealth(options: HealthOptions = {}): HealthConfig {
  const ms = (text: string): number => durationMs(text) as number
  return {
    backupAgeMs: ms(options.backupAge ?? '26h'),
    syncAgeMs: options.syncAge === undefined ? undefined : ms(options.syncAge),
    assetAgeMs: ms(options.assetAge ?? '26h'),
    diskFree: roomOf(options.diskFree ?? '10%'),
    dataDirectories: (options.dataDirectories ?? []).map((each) =>
      typeof each === 'string' ? { path: each, mounted: false } : { mounted: false, ...each },
    ),
    metrics: options.metrics,
    ping: typeof options.ping === 'string' ? { health: options.ping } : (options.ping ?? {}),
  }
}

function roomOf(text: string): HealthConfig['diskFree'] {
  return text.endsWith('%') ? { share: Number(text.slice(0, -1)) / 100 } : { bytes: sizeBytes(text) as number }
}

/** As it is written. */
export interface QueueOptions {
  readonly attempts?: number
  readonly first?: string
}

export interface QueueConfig {
  /** Tries in a row before somebody is told. */
  readonly attempts: number
  /** How long it waits after the first try; twice as long after each further one. */
  readonly firstMs: number
}

/** `queue` with its defaults. */
export function resolveQueue({ attempts = 5, first = '1s' }: QueueOptions = {}): QueueConfig {
  return { attempts, firstMs: durationMs(first) as number }
}
