/** Finds commits that cherry-pick, revert or am made in this clone, by its reflog. Separate from history.ts, whose answers are the same in every clone. */
import type { Repository } from '../repository.ts'

/** The command that made a picked commit. */
export type PickedBy = 'cherry-pick' | 'revert' | 'am'

/** A commit with one parent that took over the changes of another commit. */
export interface PickedCommit {
  readonly id: string
  readonly parent: string
  readonly by: PickedBy
  /** Every path it changed, from the root. */
  readonly paths: readonly string[]
}

/** Number of reflog entries that are looked at. */
const LOOK_BACK = 500

/** `cherry-pick: …`, `revert: …`, `am: …`; after a conflict `commit (cherry-pick): …`. */
const PICK = /^(?:commit \((?=cherry-pick|revert))?(cherry-pick|revert|am)\b/

/** Reflog entries of a rebase or amend. They make a copy of a commit, which keeps its author and author date. */
const COPY = /^commit \(amend\)|\((?:pick|reword|edit|fixup|squash|continue)\):/

/** A revert that is ended after a conflict is an ordinary commit in the reflog; its message shows that it is a revert. */
const REVERTS = /^This reverts commit [0-9a-f]{40}/m

/** The picked commits that `head` holds and `base` does not, oldest first. */
export async function pickedCommits(
  repository: Repository,
  range: { readonly base: string; readonly head: string },
): Promise<PickedCommit[]> {
  const picked = await pickedHere(repository)
  if (picked.size === 0) return []
  const listing = await repository.git([
    'rev-list',
    '--parents',
    '--reverse',
    '--topo-order',
    range.head,
    '--not',
    range.base,
  ])
  const found: PickedCommit[] = []
  for (const line of listing.split('\n')) {
    const [id = '', parent] = line.split(' ')
    const by = picked.get(id)
    if (by === undefined || parent === undefined) continue
    const paths = await repository.git(['diff-tree', '-r', '-z', '--root', '--no-commit-id', '--name-only', id])
    found.push({ id, parent, by, paths: paths.split('\0').filter(Boolean) })
  }
  return found
}

/** Commit → the command that made it, for the commits picked in this clone and for the copies that a rebase or an amend made of them. */
async function pickedHere(repository: Repository): Promise<Map<string, PickedBy>> {
  const format = '--format=%H%x01%gs%x01%ae %at%x01%b'
  const args = ['log', '-z', '-g', `--max-count=${LOOK_BACK}`, format, 'HEAD', '--']
  const log = await repository.git(args, { answers: [128] })
  const picked = new Map<string, PickedBy>()
  const moments = new Map<string, PickedBy>()
  // oldest first, because a commit comes before its copies
  for (const entry of log.split('\0').filter(Boolean).toReversed()) {
    const [id = '', action = '', moment = '', body = ''] = entry.split('\x01')
    const by = pickOf(action, body) ?? (COPY.test(action) ? moments.get(moment) : undefined)
    if (by === undefined) continue
    picked.set(id, by)
    moments.set(moment, by)
  }
  return picked
}

function pickOf(action: string, body: string): PickedBy | undefined {
  const by = PICK.exec(action)?.[1] as PickedBy | undefined
  return by ?? (action.startsWith('commit:') && REVERTS.test(body) ? 'revert' : undefined)
}
