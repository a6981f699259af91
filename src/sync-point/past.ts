/** Finds the common past of a live database and HEAD (docs/architecture.md), starting at the database's sync point, called S here: by ancestry, and by the export ids that rebase, amend and squash keep. */
import { isWhole } from '../git/history/deepen.ts'
import {
  type CommitFacts,
  commitExists,
  commitsOf,
  commitsSince,
  exportIds,
  isAncestor,
  mergeBases,
} from '../git/history/commits.ts'
import type { Repository } from '../git/repository.ts'
import type { SyncPoint } from '../source/sync-state.ts'

/** A past with which HEAD's exports can be merged into live. */
export type MergeablePast = Extract<Past, { readonly kind: 'new' | 'behind' | 'diverged' }>

/** Two lines of history that were united since S. `ours` contains S (or, after a rewrite, the commit where HEAD left S's history), `theirs` does not; `merged` is the commit that unites them. */
export interface Junction {
  readonly fork: string
  readonly ours: string
  readonly theirs: string
  readonly merged: string
  /** True when this clone made the merge or rebase. Then this clone writes the report about it. */
  readonly madeHere: boolean
}

export type Past =
  /** The collection is new to this database: there is no common past yet. */
  | { readonly kind: 'new' }
  /** HEAD is S. */
  | { readonly kind: 'current' }
  /** HEAD is in S's history (after a reset, or an old commit checked out). Nothing is applied, and the database is not rolled back. */
  | { readonly kind: 'ahead' }
  /** HEAD contains S, or (`rewritten`) copies of all of S's data commits that it lacks, made by rebase, amend or squash. Live is merged with HEAD over the base S. */
  | {
      readonly kind: 'behind'
      readonly base: string
      readonly rewritten: boolean
      /** True when there are merges between S and HEAD. What they dropped has to be looked for even if no file differs. */
      readonly hasMerges: boolean
      readonly junctions: readonly Junction[]
    }
  /**
   * Histories parted at `fork`, and HEAD lacks data commits that S has. S and HEAD are merged first, and live is merged with the result over S. This is also the case when new
   * commits came to HEAD while a merge with live edits waited for its export; lines that HEAD united meanwhile are junctions too.
   */
  | { readonly kind: 'diverged'; readonly base: string; readonly fork: string; readonly junctions: readonly Junction[] }
  /** S is not in this repository, or has nothing in common with HEAD. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** The junctions of a past; empty for one that has none. */
export function junctionsOf(past: Past | undefined): readonly Junction[] {
  return past !== undefined && 'junctions' in past ? past.junctions : []
}

/** The past of a sync point seen from `head`. If this clone lacks the sync point's commit, it tries once to fetch it. */
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
 * The past of the newest earlier sync point that this clone has, for when S itself is lost; undefined when this clone has none. Only used when a person says that S is lost:
 * another clone of the same database may have exported S and not pushed it yet, and what S holds would then be exported twice.
 */
export async function olderPast(repository: Repository, point: SyncPoint, head: string): Promise<Past | undefined> {
  for (const older of point.chain) {
    if (!(await commitExists(repository, older))) continue
    const past = await pastFrom(repository, older, head)
    if (past.kind !== 'current') return past
    // HEAD is that commit, so nothing is to be applied, but the sync point has to move there from the lost commit
    return { kind: 'behind', base: older, rewritten: true, hasMerges: false, junctions: [] }
  }
  return undefined
}

/** True when this clone has the commit, after one attempt to fetch it. */
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

/** Whether there are merge commits between S and HEAD, and the junctions among them: those that united a line that contains S with one that does not. */
async function mergesBetween(
  repository: Repository,
  base: string,
  head: string,
): Promise<{ readonly hasMerges: boolean; readonly junctions: readonly Junction[] }> {
  const merges = await commitsSince(repository, { base, head }, ['--merges'])
  const junctions: Junction[] = []
  if (merges.length === 0) return { hasMerges: false, junctions }
  const made = await madeInThisClone(repository)
  for (const merge of merges) junctions.push(...(await junctionOf(repository, { base, made }, merge)))
  return { hasMerges: true, junctions }
}

/** The commits that were made in this clone, by HEAD's reflog: those it names for another reason than a fast-forward, checkout, clone or reset. undefined when there is no reflog. */
async function madeInThisClone(repository: Repository): Promise<ReadonlySet<string> | undefined> {
  const text = await repository.git(['reflog', '--max-count=200', '--format=%H %gs', 'HEAD'], { answers: [128] })
  if (text === '') return undefined
  const entries = text
    .split('\n')
    .filter((line) => !/fast-forward$|: checkout:|^\S+ (checkout|clone|reset):/i.test(line))
  return new Set(entries.map((line) => line.slice(0, line.indexOf(' '))))
}

/** The junctions that one merge commit makes: none when no parent contains S, or all do. */
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

/** The past when neither of S and HEAD contains the other: S was rewritten (rebase, amend, squash), or HEAD went another way. Copies of data commits have the same `Tandem-Export` id. */
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

/** The junction that a rebase makes: `ours` is S, `theirs` the parent of the oldest copied data commit, `merged` the newest copy. */
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
