/** Puts units into the system's scheduler and takes them out again. What will be written and run is a plan first, which a dry run prints. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { runBounded } from '../io/bounded-child.ts'
import { exists } from '../io/exists.ts'
import { TandemError, UsageError } from '../model/errors.ts'
import { type SchedulerKind, installedSchedule } from '../workspace/installed-schedule.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { cronBlock, withCronBlock } from './cron.ts'
import { launchdUnits } from './launchd.ts'
import { synologyScript } from './synology.ts'
import { systemdUnits } from './systemd.ts'
import type { Unit, UnitsInput } from './units.ts'
import { windowsTasks } from './windows.ts'

/** What an installation, or a removal, does. */
export interface SchedulePlan {
  readonly kind: SchedulerKind
  /** Written first; without content: removed last. */
  readonly files: readonly { readonly path: string; readonly content?: string | Buffer }[]
  /** Programs that are run then, one after the other. */
  readonly commands: readonly (readonly string[])[]
  /** What a person has to do besides. */
  readonly notes: readonly string[]
}

const LIMIT_MS = 60_000

/** The scheduler of this machine. @throws UsageError when there is none that we know */
export async function schedulerHere(platform: NodeJS.Platform): Promise<SchedulerKind> {
  if (platform === 'win32') return 'windows'
  if (platform === 'darwin') return 'launchd'
  if (await exists('/etc/synoinfo.conf')) return 'synology'
  if (await exists('/run/systemd/system')) return 'systemd'
  for (const folder of ['/usr/bin', '/bin', '/usr/local/bin'])
    if (await exists(path.join(folder, 'crontab'))) return 'cron'
  throw new UsageError('there is neither systemd nor cron on this machine', {
    hint: 'Install cron; or write the files for another scheduler: tandem schedule install --kind systemd --to FOLDER',
  })
}

/** The units of a kind, as texts. */
export function unitsOf(kind: SchedulerKind, input: UnitsInput): readonly Unit[] {
  switch (kind) {
    case 'systemd':
      return systemdUnits(input)
    case 'launchd':
      return launchdUnits(input)
    case 'windows':
      return windowsTasks(input)
    case 'synology':
      return [synologyScript(input)]
    default:
      return [{ name: 'crontab', content: cronBlock(input) }]
  }
}

/** The plan of an installation. */
export async function planInstall(workspace: Workspace, kind: SchedulerKind, input: UnitsInput): Promise<SchedulePlan> {
  if (kind === 'cron') return planCron(workspace, cronBlock(input))
  const folder = folderFor(workspace, kind)
  const units = unitsOf(kind, input).map(({ name, content }) => ({ path: path.join(folder, name), content }))
  const files = kind === 'windows' ? units.map((unit) => ({ ...unit, content: utf16(unit.content) })) : units
  return {
    kind,
    files,
    commands: commandsFor(
      kind,
      files.map((file) => file.path),
    ),
    notes: notesFor(kind, files[0]?.path ?? ''),
  }
}

/** The plan of taking out what is installed. */
export async function planRemoval(workspace: Workspace): Promise<SchedulePlan | undefined> {
  const installed = await installedSchedule(workspace).read()
  if (installed === null) return undefined
  const { kind, files } = installed
  if (kind === 'cron') return planCron(workspace, undefined)
  const notes = kind === 'synology' ? ['delete the task in Control Panel > Task Scheduler of DSM'] : []
  return { kind, files: files.map((file) => ({ path: file })), commands: removalFor(kind, files), notes }
}

/** Writes the files and runs the commands. @throws TandemError with what the scheduler said */
export async function perform(workspace: Workspace, plan: SchedulePlan): Promise<void> {
  for (const { path: file, content } of plan.files) if (content !== undefined) await writeAtomically(file, content)
  for (const words of plan.commands) {
    const { cwd, environment } = workspace.repository.place
    const answer = await runBounded(words, { cwd, environment, limitMs: LIMIT_MS })
    if (answer.code !== 0 && !isHarmless(words))
      throw new TandemError({ code: 'schedule', exitCode: 1 }, `${words.join(' ')}: ${answer.stderr.trim()}`, {
        hint: 'Nothing is scheduled. Correct that and run it again; or give another --kind (systemd, cron, launchd, windows, synology).',
      })
  }
  for (const { path: file, content } of plan.files) if (content === undefined) await rm(file, { force: true })
}

/** The former agent of launchd may not be there. */
function isHarmless(words: readonly string[]): boolean {
  return words.includes('bootout')
}

function folderFor({ invocation, dataDir }: Workspace, kind: SchedulerKind): string {
  const { HOME = '', XDG_CONFIG_HOME } = invocation.environment
  if (kind === 'systemd')
    return isRoot()
      ? '/etc/systemd/system'
      : path.join(XDG_CONFIG_HOME || path.join(HOME, '.config'), 'systemd', 'user')
  if (kind === 'launchd') return path.join(HOME, 'Library', 'LaunchAgents')
  return path.join(dataDir, 'schedule')
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function systemctl(): readonly string[] {
  return isRoot() ? ['systemctl'] : ['systemctl', '--user']
}

function commandsFor(kind: SchedulerKind, files: readonly string[]): readonly (readonly string[])[] {
  const domain = `gui/${process.getuid?.() ?? 0}`
  switch (kind) {
    case 'systemd': {
      const timers = files.map((file) => path.basename(file)).filter((name) => name.endsWith('.timer'))
      return [
        [...systemctl(), 'daemon-reload'],
        [...systemctl(), 'enable', '--now', ...timers],
      ]
    }
    case 'launchd':
      return files.flatMap((file) => [
        ['launchctl', 'bootout', domain, file],
        ['launchctl', 'bootstrap', domain, file],
      ])
    case 'windows':
      return files.map((file) => ['schtasks', '/Create', '/F', '/TN', taskName(file), '/XML', file])
    default:
      return []
  }
}

function removalFor(kind: SchedulerKind, files: readonly string[]): readonly (readonly string[])[] {
  if (kind === 'systemd') {
    const timers = files.map((file) => path.basename(file)).filter((name) => name.endsWith('.timer'))
    return [[...systemctl(), 'disable', '--now', ...timers]]
  }
  if (kind === 'launchd') return files.map((file) => ['launchctl', 'bootout', `gui/${process.getuid?.() ?? 0}`, file])
  if (kind === 'windows') return files.map((file) => ['schtasks', '/Delete', '/F', '/TN', taskName(file)])
  return []
}

function taskName(file: string): string {
  return `\\${path.basename(file, '.xml')}`
}

function notesFor(kind: SchedulerKind, file: string): readonly string[] {
  if (kind === 'systemd' && !isRoot())
    return ['so that it also runs while you are not logged in: loginctl enable-linger']
  if (kind === 'synology')
    return [
      `in DSM: Control Panel > Task Scheduler > Create > Scheduled Task > User-defined script; every day, every 5 minutes: sh '${file}'`,
    ]
  return []
}

/** Task Scheduler reads UTF-16 with a mark at the beginning, as the first line says. */
function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf16le')
}

/** The crontab is read, changed, checked and put back. */
async function planCron(workspace: Workspace, block: string | undefined): Promise<SchedulePlan> {
  const { cwd, environment } = workspace.repository.place
  const { root } = workspace.repository
  const answer = await runBounded(['crontab', '-l'], { cwd, environment, limitMs: LIMIT_MS })
  // without a crontab it ends with 1
  const before = answer.code === 0 ? answer.stdout : ''
  const file = path.join(workspace.dataDir, 'schedule', 'crontab')
  const content = withCronBlock(before, root, block)
  return { kind: 'cron', files: [{ path: file, content }], commands: [['crontab', file]], notes: [] }
}
