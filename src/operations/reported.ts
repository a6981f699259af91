/**
 * Which decisions nobody has reported yet. Machines that merge the same two lines decide the same; were each to report it, and the others to merge those reports, machines that pull
 * from each other would never be quiet.
 */
import type { Decision } from '../model/decision.ts'
import { reportsSince, waitingReports } from './news.ts'
import type { Workspace } from './workspace.ts'

/** Leaves out what the reports say that came between `from` and `head`, or that wait here. */
export async function notYetReported(
  workspace: Workspace,
  decisions: readonly Decision[],
  range: { readonly from: string | undefined; readonly head: string },
): Promise<readonly Decision[]> {
  const { from, head } = range
  if (decisions.length === 0 || from === undefined) return decisions
  const { repository, config } = workspace
  const came = await reportsSince({ repository, exportsFolder: config.exports }, { from, to: head })
  const reports = [...came, ...(await waitingReports(repository))]
  const said = new Set(reports.flatMap((report) => report.decisions.map(identityOf)))
  return decisions.filter((decision) => !said.has(identityOf(decision)))
}

/** The same whichever side was ours. */
function identityOf({ collection, key, field, kind, ours, theirs, chosen }: Decision): string {
  const sides = [ours ?? '', theirs ?? ''].toSorted()
  return JSON.stringify([collection, key, field, kind, sides, chosen])
}
