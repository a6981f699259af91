/** What two lines of history did to a collection since they parted: which files each side touched, and which records have to be looked into. Reads no record that only one side wrote. */
import { complete } from '../../git/lazily.ts'
import type { KeyText } from '../../model/canonical.ts'
import type { CollectionHistory } from './collection-history.ts'
import { doubtsBefore, type Doubts } from './doubts.ts'
import { isRelaid, touchesIn, type Touches } from './touched.ts'

export interface Survey {
  readonly ours: string
  readonly theirs: string
  /** The commit of ours that git has: a live database's sync point. */
  readonly ourCommit: string
  /** Commits that only one side has. */
  readonly left: readonly string[]
  readonly right: readonly string[]
  readonly touched: { readonly left: Touches; readonly right: Touches }
  /** Some commit changed the layout: any record may be in any file. */
  readonly isRelaid: boolean
  readonly doubts: Doubts
}

/** Surveys two commits; `ours` may be one that is laid over the graph for a live database. */
export async function survey(history: CollectionHistory, ours: string, theirs: string): Promise<Survey> {
  const { graph } = history
  const [left, right] = await complete(() => [graph.region([ours], [theirs]), graph.region([theirs], [ours])] as const)
  const commits = await complete(() =>
    [ours, theirs, ...left, ...right].flatMap((id) => [id, ...graph.commit(id).parents]),
  )
  const ourCommit = isLaidOver(history, ours) ? (graph.commit(ours).parents[0] as string) : ours
  const known = commits.filter((id) => !isLaidOver(history, id))
  await history.readFolders(known)
  const touched = await complete(() => ({
    left: touchesIn(
      history,
      left.filter((id) => !isLaidOver(history, id)),
    ),
    right: touchesIn(history, right),
  }))
  const doubts = await doubtsBefore(history, [ours, theirs], [...left, ...right])
  return {
    ours,
    theirs,
    ourCommit,
    left,
    right,
    touched,
    doubts,
    isRelaid: await complete(() => isRelaid(history, known)),
  }
}

/** True for the commit that stands for a live database: git does not have it. */
export function isLaidOver(history: CollectionHistory, id: string): boolean {
  return history.liveId === id
}

/** Keys in doubt about any merge. */
export function doubtful({ doubts }: Survey): Set<KeyText> {
  return new Set([...doubts.values()].flatMap((keys) => [...keys]))
}
