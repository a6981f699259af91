/** One temporary folder for all that a benchmark makes, and a list of what has to be undone at the end: servers stopped, programs ended, the folder removed, also after Ctrl-C. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { endRunning } from './run-program.ts'

export interface Workbench {
  readonly folder: string
  /** Something to be undone at the end; the last comes first. */
  defer(undo: () => Promise<unknown>): void
  /** What several benchmarks of one command share, such as two machines: made at the first call with this name. */
  shared<Made>(name: string, make: () => Promise<Made>): Promise<Made>
  /** A path in the folder that was not handed out before. */
  newPath(name: string): string
  close(): Promise<void>
}

export async function openWorkbench(): Promise<Workbench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-bench-'))
  const undos: (() => Promise<unknown>)[] = []
  const made = new Map<string, Promise<unknown>>()
  let paths = 0
  let closed: Promise<void> | undefined
  const undoAll = async (): Promise<void> => {
    await endRunning()
    for (const undo of undos.toReversed()) await undo().catch((error: unknown) => console.error(error))
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  return {
    folder,
    defer: (undo) => void undos.push(undo),
    shared: <Made>(name: string, make: () => Promise<Made>) => {
      const found = made.get(name) ?? make()
      made.set(name, found)
      return found as Promise<Made>
    },
    newPath: (name) => path.join(folder, `${name}-${++paths}`),
    close: () => (closed ??= undoAll()),
  }
}
