/** The merge driver in git's configuration (gitattributes(5), "Defining a custom merge driver"). The configuration is per clone; the attribute that names the driver travels with the exports. */
import type { InstallTarget } from './hooks-home.ts'
import { copyScripts } from './scripts.ts'

/**
 * The command of the merge driver. It looks for the script at each call, so that it still works in a linked work tree and after the repository was moved; without the script it
 * runs git's own text merge. git replaces %O %A %B (temporary files), %L and %P (already quoted) and runs the command with sh at the top of the work tree.
 */
const COMMAND = [
  'driver=${GIT_DIR:-.git}/tandem/merge-driver.sh',
  '[ -f "$driver" ] || driver=$(git rev-parse --git-common-dir)/tandem/merge-driver.sh',
  'if [ -f "$driver" ]; then sh "$driver" %O %A %B %L %P; else git merge-file -q --marker-size=%L %A %O %B || exit 1; fi',
].join('; ')

/** Registers the driver `tandem` in this clone and copies the script it runs; safe to repeat. */
export async function registerDriver(repository: InstallTarget): Promise<void> {
  await copyScripts(repository.commonDir)
  await repository.git(['config', '--local', 'merge.tandem.name', 'git-tandem: merges exported records'])
  await repository.git(['config', '--local', 'merge.tandem.driver', COMMAND])
}

/** True when this clone has the driver of this version. */
export async function hasDriver(repository: InstallTarget): Promise<boolean> {
  return (await repository.git(['config', '--local', '--get', 'merge.tandem.driver'], { answers: [1] })) === COMMAND
}

/** Removes the driver from this clone's configuration, if it is there; git then merges exports as text. */
export async function unregisterDriver(repository: InstallTarget): Promise<void> {
  await repository.git(['config', '--local', '--remove-section', 'merge.tandem'], { answers: [128] })
}
