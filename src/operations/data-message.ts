/** What a data commit says of itself: its message and trailers, what it leaves out, and which drops of merges it takes as meant. */
import { openGraph, type CommitGraph } from '../git/graph.ts'
import { dataTrailers, heldName } from '../git/history.ts'
import { complete } from '../git/lazily.ts'
import { GuardError } from '../model/errors.ts'
import type { CommitOptions, PlannedSource } from './commit-export.ts'
import { recordsToAccept } from './convergence/accepted.ts'
import type { Workspace } from './workspace.ts'

/** How far the clock of history may be ahead of this machine's. */
const CLOCK_TOLERANCE_MS = 5 * 60_000

/** Records that a merge had dropped and that live holds, or lacks, as the merge left them: the commit says that this is meant. */
export async function acceptedBy(
  planned: readonly PlannedSource[],
  { graph, parent }: { readonly graph: CommitGraph; readonly parent: string },
): Promise<string[]> {
  const accepted: string[] = []
  for (const { source, plan } of planned)
    for (const { name, records } of plan.collections) {
      const { repository, exportsFolder } = source
      const place = { repository, exportsFolder, source: source.source, collection: name, folder: source.folder(name) }
      accepted.push(...(await recordsToAccept({ place, graph, rules: source.rules(name), parent, records })))
    }
  return accepted
}

/** What the commit leaves as its parent had it: sources that take no part, and held collections. In every other collection its files say all that live holds. */
export function heldNames({ config }: Workspace, heldOf: ReadonlyMap<string, Iterable<string>>): string[] {
  const absent = config.sources.filter(({ name }) => !heldOf.has(name))
  const held = [...heldOf].flatMap(([source, names]) => [...names].map((name) => heldName(source, name)))
  return [...absent.map(({ name }) => heldName(name)), ...held]
}

/**
 * The message of a data commit on `parent`, with its trailers.
 * @throws GuardError when history is too far ahead of this machine's clock
 */
export async function messageOf(
  workspace: Workspace,
  options: Pick<CommitOptions, 'acceptClock'> & {
    readonly parent: string
    readonly summary: string
    readonly graph?: CommitGraph
    /** What is not exported; undefined: the commit is no whole export at all. */
    readonly held?: readonly string[]
    /** Records whose drop by a merge is meant so. */
    readonly accepted?: readonly string[]
    /** No exports of these sources came before. */
    readonly isFirst?: boolean
  },
): Promise<string> {
  const now = workspace.invocation.nowMs()
  const { graph = openGraph(workspace.repository) } = options
  const since = await complete(() => graph.commit(options.parent).at)
  if (since > now + CLOCK_TOLERANCE_MS && !options.acceptClock)
    throw new GuardError(
      `the newest commit is ${Math.round((since - now) / 60_000)} minutes ahead of this machine's clock: later edits could lose to it`,
      { hint: 'Correct the clock that is wrong; or, to go on all the same: tandem export --commit --accept-clock' },
    )
  const { parent, held, accepted = [], isFirst = false } = options
  const exportId = workspace.invocation.newId()
  const trailers = dataTrailers({
    exportId,
    asset: workspace.asset,
    since,
    nowMs: now,
    isFirst,
    parent,
    held,
    accepted,
  })
  return [`data: ${options.summary}`, '', ...trailers, ''].join('\n')
}
