/** A safety snapshot as plain data: the message of its commit, and its name. */
import { createHash } from 'node:crypto'
import type { Repository } from '../git/repository.ts'
import { type SafetyRef, safetyRefs } from '../git/safety.ts'
import type { ChangeCount } from '../model/change.ts'

/** What was about to be written when the snapshot was taken. `backup`: nothing, it was taken because the database came from an old backup. */
export type SafetyKind = 'apply' | 'join' | 'merge' | 'quarantine' | 'restore' | 'undo' | 'redo' | 'backup'

export interface SafetyInfo {
  readonly kind: SafetyKind
  /** ISO time at which it was taken. */
  readonly time: string
  readonly asset: string
  readonly head: string | undefined
  /** The folder of the exports in its tree. */
  readonly exports: string
  /** Collection → commit of its sync point, for every collection of the source. */
  readonly points: Readonly<Record<string, string>>
  readonly count: ChangeCount
  /** Names of the snapshots whose applies an undo takes back or a redo makes again. */
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

/** The folder in a snapshot's tree with the files that the apply changes, as it will leave them. */
export function appliedFolder(exports: string): string {
  return `${exports}.applied`
}

/** All snapshots of a source, oldest first. Refs whose commits are no snapshots of the tool are left out. */
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

/** A new name, like `20261121T101530123Z-1a2b3c4`. It sorts after every name in `before`, even if the clock was set back. @param at `before`: existing names, oldest first */
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

/** The time in a name, in milliseconds since 1970; 0 for any other name. */
function msOf(name: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/.exec(name)
  if (match === null) return 0
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hours, minutes, seconds, ms)
}
