/** A safety snapshot as plain data: what its commit's message says, and which names it may have. */
import { createHash } from 'node:crypto'
import { safetyRefs, type SafetyRef } from '../../git/safety.ts'
import type { Repository } from '../../git/repository.ts'
import type { ChangeCount } from '../plan-export.ts'

/** What was about to be written when it was taken. `backup`: nothing yet; the database came from an old backup. */
export type SafetyKind = 'apply' | 'join' | 'merge' | 'quarantine' | 'restore' | 'undo' | 'redo' | 'backup'

export interface SafetyInfo {
  readonly kind: SafetyKind
  /** ISO time. */
  readonly time: string
  readonly asset: string
  readonly head: string | undefined
  /** Folder of the exports in its tree. */
  readonly exports: string
  /** Collection → commit of its sync point, of every collection of the source. */
  readonly points: Readonly<Record<string, string>>
  readonly count: ChangeCount
  /** Snapshots whose applies an undo takes back, or a redo brings in again. */
  readonly of: readonly string[]
}

export interface SafetySnapshot {
  readonly name: string
  readonly commit: string
  readonly info: SafetyInfo
}

const INFO = 'Tandem-Safety: '

/** The message of a snapshot's commit: a line for people, then everything for programs. */
export function messageOf(source: string, info: SafetyInfo): string {
  const { added, changed, removed } = info.count
  const head = info.head === undefined ? '' : ` at ${info.head.slice(0, 7)}`
  return `safety: ${source} before ${info.kind}${head} +${added} ~${changed} -${removed}\n\n${INFO}${JSON.stringify(info)}\n`
}

/** The folder of a snapshot's tree with the files that the apply was to change, as it was to leave them. */
export function appliedFolder(exports: string): string {
  return `${exports}.applied`
}

/** All snapshots of a source, oldest first. Refs of somebody else's making are left out. */
export async function safetySnapshots(repository: Repository, source: string): Promise<SafetySnapshot[]> {
  return (await safetyRefs(repository, source)).flatMap(snapshotOf)
}

function snapshotOf({ name, commit, message }: SafetyRef): SafetySnapshot[] {
  const line = message.split('\n').find((each) => each.startsWith(INFO))
  try {
    return line === undefined ? [] : [{ name, commit, info: JSON.parse(line.slice(INFO.length)) as SafetyInfo }]
  } catch {
    return []
  }
}

/** `20261121T101530123Z-1a2b3c4`: later than every name in `before`, also when the clock was set back. */
export function safetyName(at: {
  readonly ms: number
  readonly id: string
  readonly before: readonly string[]
}): string {
  const newest = at.before.at(-1)
  const ms = newest === undefined ? at.ms : Math.max(at.ms, msOf(newest) + 1)
  const stamp = new Date(ms).toISOString().replace(/[-:.]/g, '')
  return `${stamp}-${createHash('sha256').update(at.id).digest('hex').slice(0, 7)}`
}

function msOf(name: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/.exec(name)
  if (match === null) return 0
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hours, minutes, seconds, ms)
}
