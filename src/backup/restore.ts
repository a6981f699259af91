/**
 * Restores sources of an archive. Each is first restored into a scratch database and compared; only when all are equal to the backup does the first one take the place of the real
 * database. Where an engine cannot swap, or a person wants the records alone, the live database is brought to the state of the archive in one apply.
 */
import path from 'node:path'
import { openAdapter } from '../adapters/open.ts'
import type { Dumps, Swapped } from '../adapters/dump.ts'
import type { ChangeCount } from '../model/change.ts'
import { GuardError, UsageError } from '../model/errors.ts'
import type { OpenedArchive } from './archive.ts'
import { fillFrom, previewFill } from './fill.ts'
import type { ArchivedSource } from './manifest.ts'
import { digestLive, summaryOf } from './portable.ts'
import { type ProvenScratch, compareDigest, proveSource } from './prove.ts'

/** A source and the database into which it is restored. */
export interface RestoreTarget {
  readonly source: string
  readonly url: string
  readonly dumps: Dumps
  /** Directory from which a relative SQLite path starts. */
  readonly root: string
}

export interface RestoreOrder {
  readonly targets: readonly RestoreTarget[]
  /** Records only, into the database as it is. */
  readonly inPlace: boolean
  readonly disconnect: boolean
  /** Of the time of the restore. */
  readonly stamp: string
  /** The digest of what each live database held when it was saved before; a former database with this digest need not be kept. */
  readonly saved: ReadonlyMap<string, string>
  readonly progress: (text: string) => void
}

export interface RestoredSource {
  readonly source: string
  readonly records: number
  readonly digest: string
  /** Where the former database is kept; undefined: nowhere but in the backup taken before. */
  readonly former: string | undefined
  readonly notes: readonly string[]
}

/** @throws UsageError when a target's engine is another than the backup's */
function archivedFor(archive: OpenedArchive, target: RestoreTarget): ArchivedSource {
  const found = archive.manifest.sources.find(({ name }) => name === target.source)
  if (found === undefined)
    throw new UsageError(`the backup has no source ${target.source}`, {
      hint: `It has: ${archive.manifest.sources.map(({ name }) => name).join(', ')}`,
    })
  if (found.engine !== target.dumps.engine)
    throw new UsageError(`${target.source} is a backup of ${found.engine}; the target is ${target.dumps.engine}`, {
      hint: `Name a database of ${found.engine}.`,
    })
  return found
}

/** What a source is restored from. */
interface PreparedSource {
  readonly source: ArchivedSource
  readonly target: RestoreTarget
  /** Undefined: no scratch database could be made. */
  readonly proven: ProvenScratch | undefined
  readonly notes: readonly string[]
}

/** Restores all targets. @throws DamagedError when one of them is not equal to the backup; nothing live was touched then; LockedError when a database is in use */
export async function restoreArchive(archive: OpenedArchive, order: RestoreOrder): Promise<readonly RestoredSource[]> {
  const wanted = order.targets.map((target) => ({ target, source: archivedFor(archive, target) }))
  const prepared: PreparedSource[] = []
  try {
    for (const each of wanted) {
      order.progress(`restoring ${each.source.name} into a scratch database`)
      prepared.push(await prepare(archive, each, order))
    }
    const restored: RestoredSource[] = []
    for (const each of prepared) {
      order.progress(`putting ${each.source.name} in its place`)
      restored.push(await putLive(archive, each, order))
    }
    return restored
  } finally {
    for (const { proven } of prepared) await proven?.scratch.drop().catch(() => undefined) // one that stays costs room, not data
  }
}

/** Without a right to create databases the records alone can be restored, in one apply that is compared afterwards. */
async function prepare(
  archive: OpenedArchive,
  of: Pick<PreparedSource, 'source' | 'target'>,
  { inPlace }: RestoreOrder,
): Promise<PreparedSource> {
  const folder = inPlace ? path.dirname(archive.folder) : undefined
  try {
    const proven = await proveSource(archive, of.source, { dumps: of.target.dumps, folder })
    return { ...of, proven, notes: proven.shortfalls }
  } catch (error) {
    if (!inPlace || !(error instanceof GuardError)) throw error
    return { ...of, proven: undefined, notes: [`not compared in a scratch database before: ${error.message}`] }
  }
}

async function putLive(archive: OpenedArchive, prepared: PreparedSource, order: RestoreOrder): Promise<RestoredSource> {
  const { source, target, proven, notes } = prepared
  const { digest, records, name } = source
  const swap = proven?.scratch.swap
  if (swap !== undefined && !order.inPlace) {
    const swapped = await swap({ disconnect: order.disconnect, stamp: order.stamp })
    const isSaved = await removeSaved(swapped, order.saved.get(name))
    const former = isSaved ? undefined : swapped.former
    return { source: name, records, digest, former, notes: [...notes, ...swapped.warnings] }
  }
  if (source.dump !== undefined) await target.dumps.restoreStructure?.(path.join(archive.folder, source.dump))
  const adapter = await openAdapter(target.url, { source: name, root: target.root, connectTimeoutMs: 10_000 })
  try {
    const shortfalls = await fillFrom(archive, source, adapter)
    await compareDigest(source, adapter, { isWhole: shortfalls.length === 0 })
    return { source: name, records, digest, former: undefined, notes: [...new Set([...notes, ...shortfalls])] }
  } finally {
    await adapter.close()
  }
}

/** Removes the former database when it holds just what was saved before; true then. What was written meanwhile is thereby never lost. */
async function removeSaved({ formerState }: Swapped, saved: string | undefined): Promise<boolean> {
  if (formerState === undefined || saved === undefined) return false
  const adapter = await formerState.open()
  const found = await adapter
    .describe()
    .then(({ collections }) => adapter.snapshot((one) => digestLive(one, collections)))
  await adapter.close()
  if (summaryOf(found).digest !== saved) return false
  await formerState.remove()
  return true
}

/** What a restore would do to a live database. */
export interface RestorePreview {
  readonly source: string
  readonly records: number
  /** Why the live database cannot be read now; a restore makes it anew. */
  readonly lost: string | undefined
  readonly collections: Readonly<Record<string, ChangeCount>>
}

/** Compares the archive with the live databases; changes nothing. */
export async function previewArchive(
  archive: OpenedArchive,
  targets: readonly RestoreTarget[],
): Promise<readonly RestorePreview[]> {
  const previews: RestorePreview[] = []
  for (const target of targets) {
    const source = archivedFor(archive, target)
    const { name, records } = source
    try {
      const options = { source: name, root: target.root, connectTimeoutMs: 10_000 }
      const adapter = await openAdapter(target.url, options)
      try {
        const collections = Object.fromEntries(await previewFill(archive, source, adapter))
        previews.push({ source: name, records, lost: undefined, collections })
      } finally {
        await adapter.close()
      }
    } catch (error) {
      previews.push({ source: name, records, lost: (error as Error).message, collections: {} })
    }
  }
  return previews
}
