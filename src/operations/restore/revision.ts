/** `--at REV`: a commit of git's, or a safety snapshot by its name. */
import { UsageError } from '../../model/errors.ts'
import { safetySnapshots } from '../safety/snapshot.ts'
import type { Source } from '../source.ts'

export interface Revision {
  /** As it was written. */
  readonly name: string
  readonly commit: string
  /** Folder of the exports in it. */
  readonly exports: string
}

/** @throws UsageError when it is neither */
export async function revisionOf(source: Source, text: string): Promise<Revision> {
  const snapshots = await safetySnapshots(source.repository, source.source)
  const snapshot = snapshots.find(({ name }) => name === text)
  if (snapshot !== undefined) return { name: text, commit: snapshot.commit, exports: snapshot.info.exports }
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${text}^{commit}`]
  const commit = await source.repository.git(args, { answers: [1, 128] })
  const taken = snapshots.find((each) => each.commit === commit)
  if (commit !== '') return { name: text, commit, exports: taken?.info.exports ?? source.exportsFolder }
  throw new UsageError(`${text} is no commit, and no safety snapshot of ${source.source}`, {
    hint: 'git log -- exports, and tandem undo --list, show what there is.',
  })
}
