/**
 * What both sides last agreed on, file by file. It is in this clone's git directory, outside both trees, and belongs to a pair of folders with this id in their markers. During a run
 * each file's agreement is appended to a journal, so that a run that is killed has not to begin anew.
 */
import { appendFile, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Stamp } from './scan.ts'
import type { MirrorSide, SideEntry } from './tree.ts'

/** What both sides hold under a path, and how each file was found. */
export interface AgreedEntry extends SideEntry {
  readonly stamps: { readonly [Side in MirrorSide]?: Stamp | undefined }
}

export interface MirrorState {
  /** Stands in the markers of both folders. */
  readonly id: string
  readonly agreed: Map<string, AgreedEntry>
}

interface Stored {
  readonly version: 1
  readonly id: string
  readonly agreed: readonly (readonly [path: string, entry: AgreedEntry])[]
}

const files = (folder: string): readonly [state: string, journal: string] => [
  path.join(folder, 'state.json'),
  path.join(folder, 'journal.jsonl'),
]

/** Begins anew: nothing is agreed on. */
export async function resetMirrorState(folder: string, id: string): Promise<void> {
  // first, or what a killed run wrote down would count as agreed between two sides that meet anew
  await rm(files(folder)[1], { force: true })
  await writeMirrorState(folder, { id, agreed: new Map() })
}

/** Undefined before `mirror init`, or where the file is damaged: the sides then meet for the first time. */
export async function readMirrorState(folder: string): Promise<MirrorState | undefined> {
  const [file, journal] = files(folder)
  try {
    const { id, agreed } = JSON.parse(await readFile(file, 'utf8')) as Stored
    const state = { id, agreed: new Map(agreed) }
    for (const line of (await readFile(journal, 'utf8').catch(() => '')).split('\n')) replay(state, line)
    return state
  } catch {
    return undefined
  }
}

/** A line that a crash cut short says nothing. */
function replay({ agreed }: MirrorState, line: string): void {
  try {
    const [name, entry] = JSON.parse(line) as [string, AgreedEntry | null]
    if (entry === null) agreed.delete(name)
    else agreed.set(name, entry)
  } catch {
    // the agreement before it still holds
  }
}

/** Writes all of it, and empties the journal. */
export async function writeMirrorState(folder: string, { id, agreed }: MirrorState): Promise<void> {
  const [file, journal] = files(folder)
  const stored: Stored = { version: 1, id, agreed: [...agreed] }
  await writeAtomically(file, JSON.stringify(stored))
  await rm(journal, { force: true })
}

/** Notes that both sides now hold this under the path; undefined: nothing. */
export async function noteAgreement(folder: string, name: string, entry: AgreedEntry | undefined): Promise<void> {
  await appendFile(files(folder)[1], `${JSON.stringify([name, entry ?? null])}\n`)
}
