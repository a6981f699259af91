/** Surveys what two lines of history did to a collection since they parted: which files each side changed, and which records are in doubt. Reads no record that only one side wrote. */
import { complete } from '../git/history/lazily.ts'
import type { KeyText } from '../model/canonical.ts'
import type { CollectionHistory } from './collection-history.ts'
import { type Doubts, doubtsBefore } from './doubts.ts'
import { type Touches, isRelaid, touchesIn } from './touched.ts'

export interface Survey {
  readonly ours: string
  readonly theirs: string
  /** `ours`, if git has it; for a live database the commit below it, its sync point. */
  readonly ourCommit: string
  /** The commits that only ours (`left`) or only theirs (`right`) contains. */
  readonly left: readonly string[]
  readonly right: readonly string[]
  readonly touched: { readonly left: Touches; readonly right: Touches }
  /** True when some commit changed the layout: any record may be in any file then. */
  readonly isRelaid: boolean
  readonly doubts: Doubts
}

/** Surveys two commits; `ours` may be the commit that stands for a live database. */
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

/** True for the commit that stands for a live database, which git does not have. */
export function isLaidOver(history: CollectionHistory, id: string): boolean {
  return history.liveId === id
}

/** All keys in doubt, about whichever merge. */
export function doubtful({ doubts }: Survey): Set<KeyText> {
  return new Set([...doubts.values()].flatMap((keys) => [...keys]))
}
