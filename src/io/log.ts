/** The local log: one line for everything that happened in this clone, greppable, never in the repository. */
import { appendFile, mkdir } from 'node:fs/promises'
import path from 'node:path'

/** Appends one line with the UTC time in front. */
export async function logLine(dataDir: string, ms: number, line: string): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  await appendFile(path.join(dataDir, 'log'), `${new Date(ms).toISOString()} ${line.replace(/\s*\n\s*/g, ' | ')}\n`)
}
