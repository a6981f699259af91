/** `.git` is replicated by git, never as files, which would be copied while git writes them: branches, tags and tandem's refs go into a bare repository on the mirror. */
import { exists } from '../../io/exists.ts'
import type { MirrorProblem } from '../../mirror/run.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { bareRepository } from './init.ts'
import type { MirrorClone } from './place.ts'

const REFS = ['heads', 'tags', 'tandem'].map((name) => `+refs/${name}/*:refs/${name}/*`)

/** For git in the bare repository: what a hook's git has set names another one. */
const ELSEWHERE = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined }

type Git = (...args: readonly string[]) => Promise<string>

/** Where a branch `f` is gone here and `f/x` has come, or the other way round, git cannot have both: the former one is kept as `refs/gone/ID/heads/f`. False: there is none. */
async function makeRoom(repository: Workspace['repository'], inBare: Git): Promise<boolean> {
  const words = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags', 'refs/tandem']
  const [here, there] = (await Promise.all([repository.git(words), inBare(...words)])).map((text) =>
    text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ') as [id: string, name: string]])),
  )
  const names = (here ?? []).map(([, name]) => name)
  const isInTheWay = (old: string): boolean =>
    !names.includes(old) && names.some((name) => name.startsWith(`${old}/`) || old.startsWith(`${name}/`))
  const inTheWay = (there ?? []).filter(([, name]) => isInTheWay(name))
  for (const [id, name] of inTheWay) {
    await inBare('update-ref', `refs/gone/${id.slice(0, 12)}/${name.slice('refs/'.length)}`, id)
    await inBare('update-ref', '-d', name)
  }
  return inTheWay.length > 0
}

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
  const push = (): Promise<string> => repository.git(['push', '--quiet', '--no-verify', bare, ...REFS])
  await push().catch(async (error: unknown) => {
    if (!(await makeRoom(repository, inBare))) throw error
    await push()
  })
  const head = await repository.git(['symbolic-ref', '--quiet', 'HEAD'], { answers: [1] })
  if (head !== '') await inBare('symbolic-ref', 'HEAD', head)
  return []
}
