/** `tandem schedule install` and `remove`: the jobs of the configuration, started by the system's own scheduler. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../../io/atomic-write.ts'
import { UsageError } from '../../model/errors.ts'
import { type SchedulePlan, perform, planInstall, planRemoval, schedulerHere, unitsOf } from '../../schedule/install.ts'
import type { UnitsInput } from '../../schedule/units.ts'
import { type SchedulerKind, installedSchedule } from '../../workspace/installed-schedule.ts'
import type { Workspace } from '../../workspace/workspace.ts'

export interface ScheduleChoice {
  /** undefined: the one of this machine. */
  readonly kind: SchedulerKind | undefined
  /** Only writes the files into this folder. */
  readonly to: string | undefined
  /** Path of Node and of the program. */
  readonly program: readonly string[]
}

/** Installs the schedule in the place of an older one; a dry run only plans. */
export async function installSchedule(workspace: Workspace, choice: ScheduleChoice): Promise<SchedulePlan> {
  const { config, repository, invocation } = workspace
  if (config.schedule.size === 0)
    throw new UsageError('the schedule has no job', { hint: 'See "schedule" in docs/schedule.md.' })
  const kind = choice.kind ?? (await schedulerHere(process.platform))
  const program = choice.program.map((file) => path.resolve(file))
  const input: UnitsInput = { root: repository.root, jobs: config.schedule, program, searchPath: searchPath(workspace) }
  if (choice.to !== undefined) return writeOnly(workspace, { kind, input, to: choice.to })
  const plan = await planInstall(workspace, kind, input)
  if (invocation.dryRun) return plan
  const before = await planRemoval(workspace)
  if (before !== undefined && before.kind !== 'cron') await perform(workspace, before)
  await perform(workspace, plan)
  const files = kind === 'cron' ? [] : plan.files.map((file) => file.path)
  const jobs = [...config.schedule.keys()]
  await installedSchedule(workspace).write({ kind, installedMs: invocation.nowMs(), jobs, program, files })
  return plan
}

/** Takes the schedule out of the system; undefined: there was none. */
export async function removeSchedule(workspace: Workspace): Promise<SchedulePlan | undefined> {
  const plan = await planRemoval(workspace)
  if (plan === undefined || workspace.invocation.dryRun) return plan
  await perform(workspace, plan)
  await installedSchedule(workspace).write(null)
  return plan
}

async function writeOnly(
  workspace: Workspace,
  at: { readonly kind: SchedulerKind; readonly input: UnitsInput; readonly to: string },
): Promise<SchedulePlan> {
  const folder = path.resolve(workspace.invocation.directory, at.to)
  const files = unitsOf(at.kind, at.input).map(({ name, content }) => ({ path: path.join(folder, name), content }))
  if (!workspace.invocation.dryRun) {
    await mkdir(folder, { recursive: true })
    for (const { path: file, content } of files) await writeAtomically(file, content)
  }
  return { kind: at.kind, files, commands: [], notes: ['written only: nothing is scheduled on this machine'] }
}

/** The absolute folders of PATH, Node's own first. */
function searchPath({ invocation }: Workspace): string {
  const folders = (invocation.environment['PATH'] ?? '').split(path.delimiter).filter((each) => path.isAbsolute(each))
  return [...new Set([path.dirname(process.execPath), ...folders])].join(path.delimiter)
}
