/** A merge commit that a person names. */
import { commitAt, isAncestor } from '../git/history.ts'
import { UsageError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

/** The full id of a merge in HEAD's history. @throws UsageError for anything else */
export async function mergeCommitOf({ repository }: Workspace, name: string, head: string): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
  const id = await repository.git(args, { answers: [1, 128] })
  if (id === '') throw new UsageError(`there is no commit ${name}`)
  const commit = await commitAt(repository, id)
  if (commit.parents.length !== 2)
    throw new UsageError(`${name} is no merge of two commits`, { hint: 'Merges: git log --merges' })
  if (!(await isAncestor(repository, id, head))) throw new UsageError(`${name} is not in HEAD's history`)
  return id
}
