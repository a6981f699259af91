/** What a reconciliation did to a database, in a line or two for the terminal. */
import { age } from '../report/age.ts'
import { groupWords, heldGroups, rememberHeld } from '../source/holds.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { InStep } from './bring-in-step.ts'
import { outcomeCount } from './outcome-count.ts'
import type { ReconcilePlan } from './plan.ts'

/** Remembers what is held, and answers one line for each cause, with its age and with what else is held for it. */
export async function heldLines(
  workspace: Workspace,
  source: string,
  plan: Pick<ReconcilePlan, 'holds'>,
): Promise<string[]> {
  const ms = workspace.invocation.nowMs()
  const held = workspace.invocation.dryRun
    ? Object.fromEntries([...plan.holds].map(([name, reason]) => [`${source}/${name}`, { reason, since: ms }]))
    : await rememberHeld(workspace, source, { holds: plan.holds, ms })
  return heldGroups(plan.holds).map((group) => {
    const name = `${source}/${group.name}`
    const { since } = held[name] ?? { since: ms }
    return [`${name} is held (${age(ms - since)}): ${group.reason}`, groupWords(group)].filter(Boolean).join('; ')
  })
}

/** No line when nothing changed and nothing had to be decided. */
export function changeWords(inStep: InStep): string[] {
  const { plan, source } = inStep
  const { added, changed, removed } = outcomeCount(plan.outcomes)
  const all = added + changed + removed
  const lines: string[] = [...inStep.notes]
  if (plan.deferred)
    return [
      ...inStep.notes,
      `${source.source}: ${all} records come in; they are being applied in the background (tandem apply waits for it)`,
    ]
  if (all > 0)
    lines.push(`${source.source} +${added} ~${changed} -${removed} applied to ${source.description.database}`)
  if (inStep.report !== undefined) lines.push(...inStep.report.lines)
  return lines
}
