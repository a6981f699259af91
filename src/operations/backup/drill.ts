/**
 * `tandem backup drill`: plays losing everything, times how long getting it back takes, and records it. Nothing live is touched: databases are restored into scratch databases, and a lost
 * repository is cloned into a temporary folder whose home is empty.
 */
import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { ScratchDatabase } from '../../adapters/dump.ts'
import { type CatalogueEntry, findEntry, readCatalogue } from '../../backup/catalogue.ts'
import { type CheckedArchive, checkArchive } from '../../backup/check.ts'
import { copyPlace } from '../../backup/copy-place.ts'
import { withWorkFolder } from '../../backup/place.ts'
import { isGood } from '../../backup/retention.ts'
import { backupSettings } from '../../backup/settings.ts'
import { targetOf } from '../../backup/targets.ts'
import { type ProgramEnd, runProgram } from '../../io/program.ts'
import { TandemError, UsageError } from '../../model/errors.ts'
import { asTandemError } from '../../source/sources.ts'
import { recordRun } from '../../workspace/runs.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { log } from './create.ts'
import type { BackupFolder } from './look.ts'

export type DrillScene = 'database-lost' | 'former-version' | 'disk-lost' | 'all-lost'

export interface DrillResult {
  readonly scene: DrillScene
  /** `skipped`: what it needs is not configured; `message` says what. */
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly ms: number
  readonly message: string
}

export interface DrillRequest {
  readonly scenes: readonly DrillScene[]
  /** A command line that starts this program. */
  readonly program: string
  readonly trigger: string
}

/** What is played, in the order in which it is. */
export const SCENES: readonly DrillScene[] = ['database-lost', 'former-version', 'disk-lost', 'all-lost']

/** Plays the scenes, and records them. A scene that fails does not keep the others from being played. */
export async function drill(
  workspace: Workspace,
  backups: BackupFolder,
  request: DrillRequest,
): Promise<readonly DrillResult[]> {
  const { nowMs } = workspace.invocation
  const startedMs = nowMs()
  const results: DrillResult[] = []
  for (const scene of request.scenes) {
    workspace.invocation.progress(`drill: ${scene}`)
    const from = nowMs()
    try {
      const message = await PLAYS[scene](workspace, backups, request)
      results.push({ scene, outcome: 'passed', ms: nowMs() - from, message })
    } catch (error) {
      const { message } = asTandemError(error)
      results.push({
        scene,
        outcome: error instanceof SkippedScene ? 'skipped' : 'failed',
        ms: nowMs() - from,
        message,
      })
    }
  }
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  const passed = results.filter(({ outcome }) => outcome === 'passed')
  await log(
    workspace,
    backups.folder,
    results.map(
      ({ scene, outcome, ms, message }) =>
        `${outcome === 'failed' ? 'ERROR ' : ''}drill ${scene} ${outcome} in ${ms} ms: ${message}`,
    ),
  )
  await recordRun(workspace, 'drill', {
    trigger: request.trigger,
    started: new Date(startedMs).toISOString(),
    ended: new Date(nowMs()).toISOString(),
    exitCode: failed.length > 0 ? 1 : 0,
    message:
      failed.length > 0
        ? failed.map(({ scene, message }) => `${scene}: ${message}`).join('; ')
        : `${passed.length} passed`,
    figures: Object.fromEntries(
      passed.map(({ scene, ms }) => [`${scene.replace(/-(.)/, (_, letter: string) => letter.toUpperCase())}Ms`, ms]),
    ),
  })
  return results
}

/** A scene for which something is not configured. */
class SkippedScene extends TandemError {
  constructor(message: string) {
    super({ code: 'usage', exitCode: 2 }, message)
  }
}

type Play = (workspace: Workspace, backups: BackupFolder, request: DrillRequest) => Promise<string>

const PLAYS: Readonly<Record<DrillScene, Play>> = {
  'database-lost': async (workspace, backups) => {
    const entry = findEntry(await goodOnes(backups.folder), 'latest', backups.folder)
    return provenWords(entry, await prove(workspace, entry, backups))
  },
  'former-version': async (workspace, backups) => {
    const [oldest] = await goodOnes(backups.folder)
    if (oldest === undefined) throw new SkippedScene('there is no backup yet')
    return provenWords(oldest, await prove(workspace, oldest, backups))
  },
  'disk-lost': fromCopy,
  'all-lost': fromRemote,
}

async function goodOnes(folder: string): Promise<readonly CatalogueEntry[]> {
  return (await readCatalogue(folder)).filter(isGood)
}

async function prove(workspace: Workspace, entry: CatalogueEntry, backups: BackupFolder): Promise<CheckedArchive> {
  return checkArchive(entry, {
    ...backups,
    level: 'proven',
    dumpsOf: async (name) => {
      const config = workspace.config.sources.find((each) => each.name === name)
      return config === undefined ? undefined : (await targetOf(workspace, config)).dumps
    },
  })
}

/** @throws TandemError when it was not proven */
function provenWords({ file, sources }: CatalogueEntry, { level, notes, entry }: CheckedArchive): string {
  if (level === 'proven')
    return `${file} restored, ${sources.reduce((sum, { records }) => sum + records, 0)} records equal`
  throw new TandemError({ code: 'damaged', exitCode: 4 }, `${file}: ${entry.problem ?? notes.join('; ')}`)
}

/** The disk with the databases and the backups is lost: the newest archive comes from the second copy. */
async function fromCopy(workspace: Workspace, backups: BackupFolder): Promise<string> {
  const target = backupSettings(workspace).copies.find(({ kind }) => kind !== 'restic')
  if (target === undefined) throw new SkippedScene('no second copy is configured ("backup": {"copy": [{"to": …}]})')
  const place = copyPlace(target, workspace.invocation.environment)
  return withWorkFolder(os.tmpdir(), async (folder) => {
    const names = await place.list()
    for (const name of ['catalogue.json']) await place.fetch(name, path.join(folder, name))
    const entry = (await readCatalogue(folder)).findLast(({ file }) => names.includes(file))
    if (entry === undefined)
      throw new TandemError({ code: 'backup', exitCode: 1 }, `${target.written} has no archive; tandem backup copy`)
    for (const name of [entry.file, `${entry.file}.sha256`]) await place.fetch(name, path.join(folder, name))
    const arrived = findEntry(await readCatalogue(folder), entry.file, folder)
    const words = provenWords(arrived, await prove(workspace, arrived, { ...backups, folder, work: folder }))
    return `${words}, from ${target.written}`
  })
}

/** Everything is lost but the remote: clone, `init`, and the databases have the records of the exports again. */
async function fromRemote(workspace: Workspace, _backups: BackupFolder, { program }: DrillRequest): Promise<string> {
  const { repository, config } = workspace
  const remote = await repository.git(['config', '--get', 'remote.origin.url'], { answers: [1] })
  if (remote === '') throw new SkippedScene('this repository has no remote called origin')
  return withWorkFolder(os.tmpdir(), async (folder) => {
    const clone = path.join(folder, 'clone')
    const scratches: ScratchDatabase[] = []
    await mkdir(path.join(folder, 'home'))
    const { environment } = workspace.invocation
    const empty = {
      PATH: environment['PATH'],
      HOME: path.join(folder, 'home'),
      GIT_TERMINAL_PROMPT: '0',
      SSH_AUTH_SOCK: environment['SSH_AUTH_SOCK'],
    }
    const run = async (words: string, args: readonly string[]): Promise<ProgramEnd> => {
      const end = await runProgram('sh', { args: ['-c', `${words} "$@"`, 'sh', ...args], environment: empty })
      if (end !== undefined && end.code === 0) return end
      throw new TandemError(
        { code: 'git', exitCode: 1 },
        `${args.slice(0, 3).join(' ')} failed: ${end?.stderr ?? 'there is no sh'}`,
      )
    }
    try {
      await run('git', [
        'clone',
        '-q',
        path.isAbsolute(remote) || /:/.test(remote) ? remote : path.resolve(repository.root, remote),
        clone,
      ])
      for (const source of config.sources) {
        const { dumps } = await targetOf(workspace, source)
        const scratch = await dumps.scratch({ dump: undefined, facts: {}, folder })
        scratches.push(scratch)
        await run('git', ['-C', clone, 'config', `tandem.source.${source.name}.url`, scratch.url])
      }
      await run(program, ['-C', clone, 'init', '--yes', '--create-schema'])
      const verdict = JSON.parse((await run(program, ['-C', clone, 'verify', '--json'])).stdout) as Verified
      const records = Object.values(verdict.sources).reduce((sum, { live }) => sum + (live?.records ?? 0), 0)
      return `cloned and set up, ${records} records equal to the exports`
    } finally {
      for (const scratch of scratches) await scratch.drop()
    }
  })
}

/** The part of `verify --json` that is used here. */
interface Verified {
  readonly sources: Readonly<Record<string, { readonly live?: { readonly records: number } }>>
}

/** The scenes that a person names; all without a name. @throws UsageError */
export function scenesOf(words: readonly string[]): readonly DrillScene[] {
  const unknown = words.find((word) => !SCENES.some((scene) => scene === word))
  if (unknown !== undefined)
    throw new UsageError(`drill plays no ${unknown}`, { hint: `It plays: ${SCENES.join(', ')}` })
  return words.length === 0 ? SCENES : SCENES.filter((scene) => words.includes(scene))
}
