/** What this clone remembers from run to run: one small JSON file for each value, in the tool's folder of the common git directory. Losing such a file loses no data. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Workspace } from './workspace.ts'

export interface Memory<Value> {
  /** The remembered value; `otherwise` when there is no file or it is damaged. */
  read(): Promise<Value>
  /** Replaces the value. An equal one is not written again. */
  write(value: Value): Promise<void>
}

/** The memory in the file `name` below `dataDir`. It has no lock of its own: the clone's lock keeps another command from writing between a read and a write. */
export function memory<Value>({ dataDir }: Pick<Workspace, 'dataDir'>, name: string, otherwise: Value): Memory<Value> {
  const file = path.join(dataDir, name)
  const text = (): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined)
  return {
    read: async () => parsed(await text()) ?? otherwise,
    write: async (value) => {
      const now = JSON.stringify(value)
      if (now !== (await text())) await writeAtomically(file, now)
    },
  }

  function parsed(json: string | undefined): Value | undefined {
    try {
      return json === undefined ? undefined : (JSON.parse(json) as Value)
    } catch {
      return undefined
    }
  }
}
