/** `tandem init --create-schema`: the tables that HEAD's exports have, made in a database that lacks them, before it joins. */
import type { SourceConfig } from '../../config/config.ts'
import { readCommitted, readHeadExports } from '../../exports/committed.ts'
import { readHead } from '../../git/head.ts'
import { TandemError } from '../../model/errors.ts'
import { type StructurePlan, planMissingTables } from '../../schema/plan-additions.ts'
import type { StructureReview } from '../../schema/review.ts'
import { type Source, openSource } from '../../source/source.ts'
import type { Workspace } from '../../workspace/workspace.ts'

/**
 * Shows what is missing and makes it once somebody agreed, in one transaction. A dry run only shows.
 * @throws UnreachableError, UsageError, DamagedError, GuardError
 */
export async function createTables(workspace: Workspace, config: SourceConfig, review: StructureReview): Promise<void> {
  const plan = await withOpened(workspace, { config, missing: 'pretend' }, (source) => planTables(workspace, source))
  if (plan.changes.length === 0 && plan.refused.size === 0) return
  if (!(await review(plan)) || plan.changes.length === 0 || workspace.invocation.dryRun) return
  await withOpened(workspace, { config, missing: 'create' }, (source) => make(source, plan))
}

async function planTables(workspace: Workspace, source: Source): Promise<StructurePlan> {
  const { commit } = await readHead(workspace.repository)
  const committed =
    commit === undefined ? await readCommitted(source, undefined) : await readHeadExports(source, commit)
  return planMissingTables(source, { commit, committed })
}

async function make(source: Source, plan: StructurePlan): Promise<void> {
  const nothing = { collections: [], state: new Map(), expectedState: new Map() }
  const outcome = await source.adapter.apply({ ...nothing, structure: plan.changes })
  if (outcome.status !== 'applied')
    throw new TandemError({ code: 'internal', exitCode: 1 }, `source ${plan.source}: the tables could not be made`)
}

async function withOpened<Result>(
  workspace: Workspace,
  at: { readonly config: SourceConfig; readonly missing: 'create' | 'pretend' },
  work: (source: Source) => Promise<Result>,
): Promise<Result> {
  const source = await openSource(workspace, at.config, at.missing)
  try {
    return await work(source)
  } finally {
    await source.adapter.close()
  }
}
