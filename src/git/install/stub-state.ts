/** Small text files in `<common git dir>/tandem` for the stub of the hooks (hooks/hook.sh). They let a hook with nothing to do end without starting Node. */
import { readFile, rm, utimes } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../../io/atomic-write.ts'
import { scriptFolder } from './scripts.ts'

/** Writes down that every source agrees with this commit on this branch (short name). post-* hooks do nothing until HEAD moves. Call it only after an apply that held nothing back. */
export async function writeReconciled(commonDir: string, head: { commit: string; branch: string }): Promise<void> {
  await writeAnew(path.join(scriptFolder(commonDir), 'reconciled'), `${head.commit} ${head.branch}\n`)
}

/** Makes the next hook start the program, whether HEAD moves or not, because something was left undone. */
export async function clearReconciled(commonDir: string): Promise<void> {
  await rm(path.join(scriptFolder(commonDir), 'reconciled'), { force: true })
}

/**
 * Writes down the globs of the branches that carry the data; on other branches the stub does nothing. The stub uses the file while it is newer than the configuration, so `init`
 * and every hook that reads the configuration have to write it.
 */
export async function writeBranches(commonDir: string, globs: readonly string[]): Promise<void> {
  await writeAnew(path.join(scriptFolder(commonDir), 'branches'), branchesText(globs))
}

/** A file that says the same already only gets a new time: a write waits for the disk. */
async function writeAnew(file: string, text: string): Promise<void> {
  const now = new Date()
  const isSame = (await readFile(file, 'utf8').catch(() => undefined)) === text
  if (
    isSame &&
    (await utimes(file, now, now)
      .then(() => true)
      .catch(() => false))
  )
    return
  await writeAtomically(file, text)
}

/** The globs as patterns for `case` in sh, one a line. A pattern matches at least what its glob matches: in sh `*` also matches slashes, and a glob with syntax that sh does not have becomes `*`. */
export function branchesText(globs: readonly string[]): string {
  return globs.map((glob) => `${/^[A-Za-z0-9._/*?-]+$/.test(glob) ? glob.replaceAll('**/', '*') : '*'}\n`).join('')
}
