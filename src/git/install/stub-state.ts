/** What the program tells the hooks' stub, so that a hook with nothing to do is over before Node would have started: small text files in `<common git dir>/tandem`. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../../io/atomic-write.ts'
import { scriptFolder } from './scripts.ts'

/** Records that every source agrees with this commit on this branch (short name): post-* hooks are silent until HEAD moves. Only after a reconcile that held nothing back. */
export async function writeReconciled(commonDir: string, head: { commit: string; branch: string }): Promise<void> {
  await writeAtomically(path.join(scriptFolder(commonDir), 'reconciled'), `${head.commit} ${head.branch}\n`)
}

/** Lets the next hook start the program whatever HEAD is: something was left undone. */
export async function clearReconciled(commonDir: string): Promise<void> {
  await rm(path.join(scriptFolder(commonDir), 'reconciled'), { force: true })
}

/**
 * Records the globs of the branches that carry the data; on others the stub does nothing. It is trusted while it is newer than the configuration, so write it
 * whenever the configuration was read by `init` or a hook.
 */
export async function writeBranches(commonDir: string, globs: readonly string[]): Promise<void> {
  await writeAtomically(path.join(scriptFolder(commonDir), 'branches'), branchesText(globs))
}

/** One pattern of `case` in sh a line; it matches at least what the glob does: what sh does not know becomes `*`, and there `*` also matches slashes. */
export function branchesText(globs: readonly string[]): string {
  return globs.map((glob) => `${/^[A-Za-z0-9._/*?-]+$/.test(glob) ? glob.replaceAll('**/', '*') : '*'}\n`).join('')
}
