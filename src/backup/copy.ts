/** Second copies: brings every archive that is to be at another place there, compares what arrived, and thins it out by the place's own policy. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ProgramCall } from '../io/program.ts'
import { runProgram } from '../io/program.ts'
import { DamagedError, TandemError } from '../model/errors.ts'
import { type CatalogueEntry, catalogueIn, catalogueText } from './catalogue.ts'
import { type CopyPlace, copyPlace } from './copy-place.ts'
import { withWorkFolder } from './place.ts'
import { RECOVER_FILE, recoverText } from './recover-text.ts'
import { isGood, planRetention } from './retention.ts'
import type { CopyTarget } from './settings.ts'

export interface CopyPlan {
  readonly copy: readonly CatalogueEntry[]
  readonly remove: readonly string[]
  /** What the place's catalogue says afterwards. */
  readonly catalogue: readonly CatalogueEntry[]
}

/** What is to be done, from what is here and what is there. Pure. @param present the names of the files there */
export function planCopy(
  at: {
    readonly here: readonly CatalogueEntry[]
    readonly there: readonly CatalogueEntry[]
    readonly present: readonly string[]
  },
  keep: CopyTarget['keep'],
  nowMs: number,
): CopyPlan {
  const here = new Map(at.here.filter(isGood).map((entry) => [entry.file, entry]))
  const there = at.there.filter(({ file }) => at.present.includes(file))
  const known = new Set(there.map(({ file }) => file))
  // what is known here is newer: a proof, or a later moment with the same content
  const all = [
    ...there.map((entry) => here.get(entry.file) ?? entry),
    ...[...here.values()].filter(({ file }) => !known.has(file)),
  ]
  const plan = planRetention(all, { keep, sources: {}, byTrigger: true }, nowMs)
  const copy = [...here.values()].filter(({ file }) => !known.has(file) && plan.keep.has(file))
  const remove = plan.remove.filter((file) => known.has(file))
  return { copy, remove, catalogue: all.filter(({ file }) => plan.keep.has(file)) }
}

export interface CopyOptions {
  /** The folder of the archives here. */
  readonly folder: string
  readonly work: string
  readonly entries: readonly CatalogueEntry[]
  readonly environment: ProgramCall['environment']
  readonly nowMs: number
  readonly dryRun: boolean
  readonly progress: (text: string) => void
}

/** What happened at a place. */
export interface CopiedTo {
  readonly to: string
  readonly copied: readonly string[]
  readonly removed: readonly string[]
}

const CATALOGUE = 'catalogue.json'

/** Brings a place up to date. @throws UnreachableError when it is not there; DamagedError when what arrived is not what was sent */
export async function copyBackups(target: CopyTarget, options: CopyOptions): Promise<CopiedTo> {
  if (target.kind === 'restic') return intoRestic(target, options)
  const place = copyPlace(target, options.environment)
  const there = catalogueIn((await place.read(CATALOGUE)) ?? '')
  const plan = planCopy({ here: options.entries, there, present: await place.list() }, target.keep, options.nowMs)
  const done = { to: target.written, copied: plan.copy.map(({ file }) => file), removed: plan.remove }
  if (options.dryRun) return done
  for (const entry of plan.copy) await copyOne(place, entry, { target, options })
  await withWorkFolder(options.work, async (work) => {
    for (const [name, text] of [
      [CATALOGUE, catalogueText(plan.catalogue)],
      [RECOVER_FILE, recoverText()],
    ] as const) {
      await writeFile(path.join(work, name), text)
      await place.put(path.join(work, name), name)
    }
  })
  for (const file of plan.remove) {
    await place.remove(file)
    await place.remove(`${file}.sha256`).catch(() => undefined) // a sidecar alone is no archive
  }
  return done
}

async function copyOne(
  place: CopyPlace,
  { file, sha256 }: CatalogueEntry,
  at: { readonly target: CopyTarget; readonly options: CopyOptions },
): Promise<void> {
  const { options, target } = at
  options.progress(`copying ${file} to ${target.written}`)
  await place.put(path.join(options.folder, `${file}.sha256`), `${file}.sha256`)
  await place.put(path.join(options.folder, file), file)
  if ((await place.digest(file)) === sha256) return
  await place.remove(file)
  throw new DamagedError({ path: `${target.written}/${file}` }, 'what arrived is not what was sent (SHA-256)')
}

/** restic stores the newest archive as a file of a snapshot, and thins its snapshots out itself. */
async function intoRestic({ to, written, keep }: CopyTarget, options: CopyOptions): Promise<CopiedTo> {
  const newest = options.entries.filter(isGood).at(-1)
  if (newest === undefined || options.dryRun)
    return { to: written, copied: newest === undefined ? [] : [newest.file], removed: [] }
  const restic = async (...args: readonly string[]): Promise<string> => {
    const end = await runProgram('restic', { args: ['-r', to, ...args], environment: options.environment })
    if (end?.code === 0) return end.stdout
    throw new TandemError(
      { code: 'backup', exitCode: 1 },
      end === undefined
        ? 'restic is not installed here'
        : `restic ${args[0] ?? ''} failed (${end.code}): ${end.stderr}`,
      {
        hint: 'Its password comes from RESTIC_PASSWORD or RESTIC_PASSWORD_FILE; a lock that a killed run left: restic unlock',
      },
    )
  }
  const file = path.join(options.folder, newest.file)
  options.progress(`copying ${newest.file} to ${written}`)
  const there = JSON.parse(await restic('snapshots', '--json', '--tag', 'tandem', '--path', file)) as unknown[] | null
  const isThere = (there ?? []).length > 0
  if (!isThere) await restic('backup', '--tag', 'tandem', file)
  await restic('check', '--read-data-subset=5%')
  const counts = (['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const).flatMap((name) =>
    keep[name] > 0 ? [`--keep-${name}`, String(keep[name])] : [],
  )
  if (counts.length > 0) await restic('forget', '--tag', 'tandem', '--group-by', 'host,tags', ...counts, '--prune')
  return { to: written, copied: isThere ? [] : [newest.file], removed: [] }
}
