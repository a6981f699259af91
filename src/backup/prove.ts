/** Restores a source of an archive into a scratch database and compares the digest of its records with that of the backup: the only proof that a backup can be restored. */
import path from 'node:path'
import type { Adapter } from '../adapters/adapter.ts'
import type { Dumps, ScratchDatabase } from '../adapters/dump.ts'
import { DamagedError } from '../model/errors.ts'
import type { OpenedArchive } from './archive.ts'
import { type Shortfalls, fillFrom, forgetPassing } from './fill.ts'
import type { ArchivedCollection, ArchivedSource } from './manifest.ts'
import { digestLive, summaryOf } from './portable.ts'

/** A scratch database that holds what the archive holds; its digest was compared. */
export interface ProvenScratch {
  readonly scratch: ScratchDatabase
  /** False: some tables could not be restored, and were not compared. */
  readonly isWhole: boolean
  readonly shortfalls: Shortfalls
}

/**
 * Makes the scratch database of a source. @param folder where a scratch file may be; undefined: beside the real one
 * @throws DamagedError when it cannot be restored, or its records have another digest; GuardError when the role may not create databases
 */
export async function proveSource(
  archive: OpenedArchive,
  source: ArchivedSource,
  at: { readonly dumps: Dumps; readonly folder: string | undefined },
): Promise<ProvenScratch> {
  const dump = source.dump === undefined ? undefined : path.join(archive.folder, source.dump)
  const scratch = await at.dumps.scratch({ dump, facts: source.facts, folder: at.folder })
  try {
    const isDumped = dump !== undefined && at.dumps.holdsRecords
    const shortfalls = isDumped ? [] : await fillFrom(archive, source, scratch.adapter)
    const isWhole = shortfalls.length === 0
    await forgetPassing(scratch.adapter)
    await compareDigest(source, scratch.adapter, { isWhole })
    return { scratch, isWhole, shortfalls: [...scratch.warnings, ...shortfalls] }
  } catch (error) {
    await scratch.drop().catch(() => undefined) // what failed is told, not what followed from it
    throw error
  }
}

/** Compares what a database holds with the archive. @param at `isWhole` false: only the collections that it has are compared @throws DamagedError naming the collections that differ */
export async function compareDigest(
  source: ArchivedSource,
  adapter: Adapter,
  at: { readonly isWhole: boolean },
): Promise<void> {
  const { collections } = await adapter.describe()
  const found = await adapter.snapshot((snapshot) => digestLive(snapshot, collections))
  if (at.isWhole && summaryOf(found).digest === source.digest) return
  const there = new Map(found.map((each) => [each.name, each]))
  const different = source.collections.filter((each) => !isEqual(each, there.get(each.name), at.isWhole))
  if (!at.isWhole && different.length === 0) return
  const names = different.map(({ name }) => name).join(', ')
  throw new DamagedError(
    { path: source.name },
    `what was restored is not what was backed up${names === '' ? '' : `: ${names} differ`}`,
  )
}

function isEqual(
  wanted: ArchivedCollection,
  found: Omit<ArchivedCollection, 'folder'> | undefined,
  isWhole: boolean,
): boolean {
  if (found === undefined) return !isWhole
  return found.digest === wanted.digest
}
