/** Finds the commit that git is picking or reverting. While it merges, git names that commit nowhere: REBASE_HEAD and CHERRY_PICK_HEAD are written afterwards. */
import { blobId } from '../objects/blobs.ts'
import type { Repository } from '../repository.ts'

/** A file of a merge: its path from the root and the texts of base and theirs. */
export interface PickedFile {
  readonly path: string
  readonly base: string
  readonly theirs: string
}

/** The commits that stand for base and theirs while the commit is picked. */
export interface PickSides {
  readonly base: string
  readonly theirs: string
}

/** Looks for a commit that changed the file from its base to theirs (picked), or from theirs to its base (reverted); undefined when no ref has such a commit, as after a fetch that stored none. */
export async function findPick(repository: Repository, file: PickedFile): Promise<PickSides | undefined> {
  const { objectFormat } = repository
  const idOf = (text: string): string => (text === '' ? '' : blobId(Buffer.from(text), objectFormat))
  const [base, theirs] = [idOf(file.base), idOf(file.theirs)]
  // --ignore-missing: FETCH_HEAD and ORIG_HEAD need not be there
  const from = ['--ignore-missing', '--all', 'FETCH_HEAD', 'ORIG_HEAD']
  const shape = ['--no-merges', '--no-renames', '--raw', '--no-abbrev', '--format=%H %P', `--find-object=${theirs}`]
  const log = await repository.git(['log', ...from, ...shape, '--', `:(top,literal)${file.path}`])
  let [commit, parent]: (string | undefined)[] = []
  for (const line of log.split('\n')) {
    const [, before, after] = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) /.exec(line) ?? []
    if (before === undefined || after === undefined) {
      if (line !== '') [commit, parent] = line.split(' ')
      continue
    }
    if (commit === undefined || parent === undefined) continue
    const wasThere = before.replace(/^0+$/, '')
    if (wasThere === base && after === theirs) return { base: parent, theirs: commit }
    if (before === theirs && after.replace(/^0+$/, '') === base) return { base: commit, theirs: parent }
  }
  return undefined
}
