/** The merge driver in git's configuration (gitattributes(5), "Defining a custom merge driver"). The configuration is per clone; the attribute that names the driver travels with the exports. */
import type { Place } from './hooks-home.ts'
import { copyScripts } from './scripts.ts'

/**
 * Found anew at each call, so that a repository that is moved, or a linked work tree, keeps its driver; without the script git's own text merge does the work.
 * git replaces %O %A %B (temporary files), %L and %P (already quoted) and runs this with sh at the top of the work tree.
 */
const COMMAND = [
  'driver=${GIT_DIR:-.git}/tandem/merge-driver.sh',
  '[ -f "$driver" ] || driver=$(git rev-parse --git-common-dir)/tandem/merge-driver.sh',
  'if [ -f "$driver" ]; then sh "$driver" %O %A %B %L %P; else git merge-file -q --marker-size=%L %A %O %B || exit 1; fi',
].join('; ')

/** Registers the driver `tandem` in this clone and copies the script it runs; safe to repeat. */
export async function registerDriver(place: Place): Promise<void> {
  await copyScripts(place.commonDir)
  await place.git(['config', '--local', 'merge.tandem.name', 'git-tandem: merges exported records'])
  await place.git(['config', '--local', 'merge.tandem.driver', COMMAND])
}

/** True when this clone has the driver of this version. */
export async function hasDriver(place: Place): Promise<boolean> {
  return (await place.git(['config', '--local', '--get', 'merge.tandem.driver'], { answers: [1] })) === COMMAND
}

/** Removes the driver from this clone's configuration; git then merges exports as text. Absent is fine. */
export async function unregisterDriver(place: Place): Promise<void> {
  await place.git(['config', '--local', '--remove-section', 'merge.tandem'], { answers: [128] })
}
