/** The log of this clone, one line for each event. It is never in the repository. */
import { appendFile, mkdir } from 'node:fs/promises'
import path from 'node:path'

/** Appends one line to the log, after the UTC time of `ms` (milliseconds since 1970). Line ends in the text become ` | `. */
export async function logLine(dataDir: string, ms: number, line: string): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  await appendFile(path.join(dataDir, 'log'), `${new Date(ms).toISOString()} ${line.replace(/\s*\n\s*/g, ' | ')}\n`)
}
