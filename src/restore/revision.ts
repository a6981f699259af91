/** The option `--at REV`, which names a git commit or a safety snapshot. */
import { commitNamed } from '../git/history/commits.ts'
import { UsageError } from '../model/errors.ts'
import { safetySnapshots } from '../safety/snapshot.ts'
import type { Source } from '../source/source.ts'

export interface Revision {
  /** The name as the person wrote it. */
  readonly name: string
  readonly commit: string
  /** The folder of the exports in that commit. */
  readonly exports: string
}

/** Finds the commit that `text` names. @throws UsageError when it names neither a commit nor a safety snapshot */
export async function revisionOf(source: Source, text: string): Promise<Revision> {
  const snapshots = await safetySnapshots(source.repository, source.source)
  const snapshot = snapshots.find(({ name }) => name === text)
  if (snapshot !== undefined) return { name: text, commit: snapshot.commit, exports: snapshot.info.exports }
  const commit = await commitNamed(source.repository, text)
  const taken = snapshots.find((each) => each.commit === commit)
  if (commit !== undefined) return { name: text, commit, exports: taken?.info.exports ?? source.exportsFolder }
  throw new UsageError(`${text} is no commit, and no safety snapshot of ${source.source}`, {
    hint: 'git log -- exports, and tandem undo --list, show what there is.',
  })
}
