/** Where the repository is at the moment of a backup: the commits that the databases were in step with can then be found again. */
import { readHead } from '../git/head.ts'
import type { Repository } from '../git/repository.ts'
import type { ArchivedRepository } from './manifest.ts'

/** HEAD, its branch and all branches, tags and refs of the tool. */
export async function repositoryNow(repository: Repository): Promise<ArchivedRepository> {
  const { commit, branch } = await readHead(repository)
  const listing = await repository.git(['for-each-ref', '--format=%(refname) %(objectname)'])
  const refs = listing.split('\n').flatMap((line) => {
    const [name = '', id = ''] = line.split(' ')
    return id === '' ? [] : [[name, id] as const]
  })
  return {
    ...(commit !== undefined && { head: commit }),
    ...(branch !== undefined && { branch }),
    refs: Object.fromEntries(refs),
  }
}
