/** `RECOVER.md`: plain commands for a person who has nothing but a folder of backups. It is written beside the archives and into each of them. */
import { readFileSync } from 'node:fs'
import { packageFile } from '../io/package-files.ts'

export const RECOVER_FILE = 'RECOVER.md'

/** The text of the file. */
export function recoverText(): string {
  return readFileSync(packageFile('templates/RECOVER.md'), 'utf8')
}
