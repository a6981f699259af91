/** `.git` is replicated by git, never as files, which would be copied while git writes them: branches, tags and tandem's refs go into a bare repository on the mirror. */
import { exists } from '../../io/exists.ts'
import type { MirrorProblem } from '../../mirror/run.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { bareRepository } from './init.ts'
import type { MirrorClone } from './place.ts'

const REFS = ['heads', 'tags', 'tandem'].map((name) => `+refs/${name}/*:refs/${name}/*`)

/** For git in the bare repository: what a hook's git has set names another one. */
const ELSEWHERE = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined }

/** Pushes the refs that differ. One that is gone here stays there, since a damaged repository has lost its refs, too; former values are in the reflogs. */
export async function pushRefs({ repository }: Workspace, place: MirrorClone): Promise<readonly MirrorProblem[]> {
  if (!place.config.git) return []
  const bare = bareRepository(place)
  const inBare = (...args: readonly string[]): Promise<string> =>
    repository.git(['--git-dir', bare, ...args], { environment: ELSEWHERE })
  if (!(await exists(`${bare}/HEAD`))) {
    const format = `--object-format=${repository.objectFormat}`
    await repository.git(['init', '--quiet', '--bare', format, bare], { environment: ELSEWHERE })
    await inBare('config', 'core.logAllRefUpdates', 'always')
  }
  await repository.git(['push', '--quiet', '--no-verify', bare, ...REFS])
  const head = await repository.git(['symbolic-ref', '--quiet', 'HEAD'], { answers: [1] })
  if (head !== '') await inBare('symbolic-ref', 'HEAD', head)
  return []
}
