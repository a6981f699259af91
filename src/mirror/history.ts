/** What the mirror did, for `mirror log`: a line for each step, with its time and reason; and the conflicts that wait for a person. Both are in this clone's git directory. */
import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import type { MirrorConflict } from './decide.ts'
import type { MirrorStep } from './plan.ts'
import type { MirrorSide } from './tree.ts'

export interface MirrorEvent {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly side: MirrorSide
  readonly kind: MirrorStep['kind']
  readonly path: string
  /** The name before a renaming. */
  readonly from?: string | undefined
  readonly reason: string
  /** The folder of the trash that has what was there before. */
  readonly trash?: string | undefined
}

/** A conflict that a person has not ended yet. */
export interface OpenConflict extends MirrorConflict {
  readonly time: string
}

const LONGEST_BYTES = 16 << 20

const historyFile = (folder: string): string => path.join(folder, 'history.jsonl')

const conflictsFile = (folder: string): string => path.join(folder, 'conflicts.json')

/** Adds events. The file before it is kept once more when it is long. */
export async function addEvents(folder: string, events: readonly MirrorEvent[]): Promise<void> {
  if (events.length === 0) return
  const file = historyFile(folder)
  await mkdir(folder, { recursive: true })
  const { size } = await stat(file).catch(() => ({ size: 0 }))
  if (size > LONGEST_BYTES) await rename(file, `${file}.1`)
  await appendFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
}

/** The events of a path, or of what is below it, the oldest first; of all without one. */
export async function eventsOf(folder: string, name: string | undefined): Promise<readonly MirrorEvent[]> {
  const texts = await Promise.all(
    [`${historyFile(folder)}.1`, historyFile(folder)].map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  const isMeant = (at: string | undefined): boolean =>
    name === undefined || at === name || at?.startsWith(`${name}/`) === true
  return texts
    .flatMap((text) => text.split('\n'))
    .flatMap(parsedEvent)
    .filter((event) => isMeant(event.path) || isMeant(event.from))
}

function parsedEvent(line: string): MirrorEvent[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as MirrorEvent]
  } catch {
    return [] // a line that a crash cut short
  }
}

export async function readConflicts(folder: string): Promise<readonly OpenConflict[]> {
  try {
    return JSON.parse(await readFile(conflictsFile(folder), 'utf8')) as OpenConflict[]
  } catch {
    return []
  }
}

export async function writeConflicts(folder: string, conflicts: readonly OpenConflict[]): Promise<void> {
  await writeAtomically(conflictsFile(folder), JSON.stringify(conflicts))
}
