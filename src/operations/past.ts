/** Which common past a live database has with HEAD (docs/architecture.md): from its sync point S, by ancestry and by the export ids that rebase, amend and squash keep. */
import { commitExists, commitsOf, exportIds, isAncestor, mergeBases, type CommitFacts } from '../git/history.ts'
import { isWhole } from '../git/deepen.ts'
import type { Repository } from '../git/repository.ts'
import type { SyncPoint } from './sync-state.ts'

/** Two lines that came together since S: `ours` holds S (or where HEAD left its history), `theirs` does not, `merged` is what became of them. */
export interface Junction {
  readonly fork: string
  readonly ours: string
  readonly theirs: string
  readonly merged: string
  /** This clone's line took the other one in: its merge or rebase, so the report of it is ours to write. */
  readonly madeHere: boolean
}

export type Past =
  /** The collection is new to this database: there is no common past yet. */
  | { readonly kind: 'new' }
  /** HEAD is S. */
  | { readonly kind: 'current' }
  /** HEAD is in S's history (reset, old checkout): nothing to apply, the database is not rolled back. */
  | { readonly kind: 'ahead' }
  /** HEAD contains S, or copies of all that S holds (`rewritten`: rebase, amend, squash): live is merged with HEAD over S. */
  | {
      readonly kind: 'behind'
      readonly base: string
      readonly rewritten: boolean
      /** Merges came in: what they hold has to be looked into even where no file differs. */
      readonly hasMerges: boolean
      readonly junctions: readonly Junction[]
    }
  /**
   * Histories parted at `fork` and HEAD lacks what S holds: S and HEAD are merged first, live with that over S. So it is also when HEAD moved on while a merge with live
   * edits waited for its export; the lines that HEAD united meanwhile are junctions here too.
   */
  | { readonly kind: 'diverged'; readonly base: string; readonly fork: string; readonly junctions: readonly Junction[] }
  /** S is not in this repository, or has nothing in common with HEAD. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** Where HEAD united lines of history that live's comes from with others. */
export function junctionsOf(past: Past | undefined): readonly Junction[] {
  return past !== undefined && 'junctions' in past ? past.junctions : []
}

/** The past of a sync point seen from `head`. Fetches S once if this clone lacks it. */
export async function pastOf(repository: Repository, point: SyncPoint, head: string): Promise<Past> {
  if (!(await isHere(repository, point.commit)))
    return {
      kind: 'unknown',
      reason: `commit ${point.commit.slice(0, 7)}, which the database was last in step with, is not in this clone`,
    }
  return pastFrom(repository, point.commit, head)
}

async function pastFrom(repository: Repository, base: string, head: string): Promise<Past> {
  if (base === head) return { kind: 'current' }
  if (!(await isWhole(repository, base, head)))
    return {
      kind: 'unknown',
      reason: `this clone is shallow: what lies between commit ${base.slice(0, 7)} and HEAD is not all here`,
    }
  if (await isAncestor(repository, base, head))
    return { kind: 'behind', base, rewritten: false, ...(await mergesBetween(repository, base, head)) }
  if (await isAncestor(repository, head, base)) return { kind: 'ahead' }
  return divergedPast(repository, base, head)
}

/**
 * For when S is lost, and somebody says so: the newest of its chain that this clone has. Never by itself: another clone of the same database may have exported S and
 * not pushed it yet, and what it holds would be exported twice.
 */
export async function olderPast(repository: Repository, point: SyncPoint, head: string): Promise<Past | undefined> {
  for (const older of point.chain) {
    if (!(await commitExists(repository, older))) continue
    const past = await pastFrom(repository, older, head)
    if (past.kind !== 'current') return past
    // nothing is to be applied, but the sync point has to leave the lost commit
    return { kind: 'behind', base: older, rewritten: true, hasMerges: false, junctions: [] }
  }
  return undefined
}

/** True when the commit is here, after one attempt to fetch it. */
async function isHere(repository: Repository, commit: string): Promise<boolean> {
  if (await commitExists(repository, commit)) return true
  const remotes = await repository.git(['remote'])
  const remote = remotes.split('\n')[0]
  if (remote !== undefined && remote !== '') {
    const environment = { GIT_TERMINAL_PROMPT: '0' }
    await repository.git(['fetch', '--quiet', '--no-tags', remote, commit], { answers: [1, 128], environment })
    return commitExists(repository, commit)
  }
  return false
}

/** The true merges between S and HEAD, and those that joined a line with S to one without it. */
async function mergesBetween(
  repository: Repository,
  base: string,
  head: string,
): Promise<{ readonly hasMerges: boolean; readonly junctions: readonly Junction[] }> {
  const merges = await commitsOf(repository, ['--merges', head, '--not', base])
  const junctions: Junction[] = []
  if (merges.length === 0) return { hasMerges: false, junctions }
  const made = await madeInThisClone(repository)
  for (const merge of merges) junctions.push(...(await junctionOf(repository, { base, made }, merge)))
  return { hasMerges: true, junctions }
}

/** Which commits came into being here, as the reflog tells: those it names and did not merely fast-forward to. undefined: there is no reflog. */
async function madeInThisClone(repository: Repository): Promise<ReadonlySet<string> | undefined> {
  const text = await repository.git(['reflog', '--max-count=200', '--format=%H %gs', 'HEAD'], { answers: [128] })
  if (text === '') return undefined
  const entries = text
    .split('\n')
    .filter((line) => !/fast-forward$|: checkout:|^\S+ (checkout|clone|reset):/i.test(line))
  return new Set(entries.map((line) => line.slice(0, line.indexOf(' '))))
}

async function junctionOf(
  repository: Repository,
  at: { readonly base: string; readonly made: ReadonlySet<string> | undefined },
  merge: CommitFacts,
): Promise<Junction[]> {
  const withBase: string[] = []
  const without: string[] = []
  for (const parent of merge.parents)
    ((await isAncestor(repository, at.base, parent)) ? withBase : without).push(parent)
  const [ours] = withBase
  if (ours === undefined) return []
  const madeHere = ours === merge.parents[0] && (at.made === undefined || at.made.has(merge.id))
  const found: Junction[] = []
  for (const theirs of without) {
    const [fork] = await mergeBases(repository, ours, theirs)
    if (fork !== undefined) found.push({ fork, ours, theirs, merged: merge.id, madeHere })
  }
  return found
}

/** S was rewritten (rebase, amend, squash) or left behind. Copies are recognised by their `Tandem-Export` id. */
async function divergedPast(repository: Repository, base: string, head: string): Promise<Past> {
  const forks = await mergeBases(repository, base, head)
  const [fork] = forks
  if (fork === undefined)
    return { kind: 'unknown', reason: `HEAD and commit ${base.slice(0, 7)} have no history in common` }
  const lost = (await commitsOf(repository, [base, '--not', ...forks])).filter(
    (commit) => commit.exportId !== undefined,
  )
  const arrived = await commitsOf(repository, [head, '--not', ...forks])
  const ids = exportIds(arrived)
  if (lost.every((commit) => ids.has(commit.exportId as string)))
    return {
      kind: 'behind',
      base,
      rewritten: true,
      hasMerges: true,
      junctions: copyJunctions(lost, arrived, { fork, base }),
    }
  return { kind: 'diverged', base, fork, junctions: (await mergesBetween(repository, fork, head)).junctions }
}

/** A rebased data commit is a junction too: what stood before its copy is the other line. */
function copyJunctions(
  lost: readonly CommitFacts[],
  arrived: readonly CommitFacts[],
  at: { readonly fork: string; readonly base: string },
): Junction[] {
  const ids = exportIds(lost)
  const copies = arrived.filter((commit) => commit.exportId !== undefined && ids.has(commit.exportId))
  const newest = copies[0]
  const before = copies.at(-1)?.parents[0]
  if (newest === undefined || before === undefined) return []
  return [{ fork: at.fork, ours: at.base, theirs: before, merged: newest.id, madeHere: true }]
}
