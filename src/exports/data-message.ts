/** Makes the message of a data commit, with its trailers. */
import type { Consent } from '../model/consent.ts'
import { type CommitGraph, openGraph } from '../git/history/graph.ts'
import { dataTrailers, heldName } from '../git/history/trailers.ts'
import { complete } from '../git/history/lazily.ts'
import { GuardError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** How far the clock of the newest commit may be ahead of this machine's clock. */
export const CLOCK_TOLERANCE_MS: number = 5 * 60_000

/**
 * The names for the trailer `Tandem-Held`: what the commit does not export and so leaves as its parent had it. These are the sources that are not in `heldOf`, and the held
 * collections of those that are. Of every other collection the commit's files hold all that live held.
 */
export function heldNames({ config }: Workspace, heldOf: ReadonlyMap<string, Iterable<string>>): string[] {
  const absent = config.sources.filter(({ name }) => !heldOf.has(name))
  const held = [...heldOf].flatMap(([source, names]) => [...names].map((name) => heldName(source, name)))
  return [...absent.map(({ name }) => heldName(name)), ...held]
}

/** What a data commit tells besides its files. */
export interface Told {
  /** Names of what is not exported, from `heldNames`. undefined when the commit is not a complete export. */
  readonly held?: readonly string[]
  /** Names of the records (`recordName`) that an earlier merge changed on purpose; see history/accepted.ts. */
  readonly accepted?: readonly string[]
  /** Names of unique keys (`uniqueName`); see told-uniques.ts. */
  readonly uniques?: readonly string[]
  /** Trailers from `columnLines`. */
  readonly columns?: readonly string[]
}

/**
 * The message of a data commit on `parent`, with its trailers.
 * @throws GuardError when the parent's clock is more than `CLOCK_TOLERANCE_MS` ahead of this machine's and `--accept-clock` was not given
 */
export async function messageOf(
  workspace: Workspace,
  options: {
    readonly consent: Consent
    readonly parent: string
    readonly summary: string
    readonly graph?: CommitGraph
    readonly told?: Told
    /** True when these sources were never exported before. */
    readonly isFirst?: boolean
  },
): Promise<string> {
  const now = workspace.invocation.nowMs()
  const { graph = openGraph(workspace.repository) } = options
  const since = await complete(() => graph.commit(options.parent).at)
  if (since > now + CLOCK_TOLERANCE_MS && options.consent.acceptClock !== true)
    throw new GuardError(
      `the newest commit is ${Math.round((since - now) / 60_000)} minutes ahead of this machine's clock: later edits could lose to it`,
      { hint: 'Correct the clock that is wrong; or, to go on all the same: tandem export --commit --accept-clock' },
    )
  const { parent, isFirst = false } = options
  const { held, accepted = [], uniques = [], columns = [] } = options.told ?? {}
  const exportId = workspace.invocation.newId()
  const trailers = dataTrailers({
    exportId,
    asset: workspace.asset,
    clock: { since, nowMs: now, isFirst },
    parent,
    names: { held, accepted, uniques },
  })
  const subject = workspace.config.commit.message.replaceAll('{summary}', () => options.summary)
  return [subject, '', ...trailers, ...columns, ''].join('\n')
}
