/**
 * Does the steps of a plan. Nothing is overwritten or deleted: what has to go is renamed into the trash of its own disk, and a copied file gets its name only when it is whole and on
 * the disk. Before each step it is looked whether what is there is still what was planned for; where it is not, the step is left to the next run.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PASSING } from './exclusions.ts'
import { type Roots, ownFolder } from './marker.ts'
import type { MirrorStep } from './plan.ts'
import { type SideScan, contentOf, sameStamp, stampNow, stampOf } from './scan.ts'
import { type MirrorSide, foldersAbove, otherSide } from './tree.ts'

export interface StepContext {
  readonly roots: Roots
  readonly scans: Readonly<Record<MirrorSide, SideScan>>
  /** Names the folder of the trash. */
  readonly stamp: string
  /** Called between any two changes of a disk; what it throws ends the run there, as a crash would. */
  readonly between: (point: string) => void
}

/** A step that was not done, because something has changed since it was planned. */
export class ChangedMeanwhile extends Error {}

/** Does one step. @throws ChangedMeanwhile; the system's error */
export async function performStep(step: MirrorStep, performing: StepContext): Promise<void> {
  const { roots } = performing
  const target = path.join(roots[step.side], step.path)
  await checkParents(roots[step.side], step.path)
  switch (step.kind) {
    case 'make-folder':
      return void (await mkdir(target, { recursive: true }))
    case 'remove-folder':
      return removeFolder(target)
    case 'trash':
      return toTrash(step.side, step.path, performing)
    case 'aside':
    case 'move':
      await checkParents(roots[step.side], step.from)
      await checkUnchanged(step.side, step.from, performing)
      return placeNew(path.join(roots[step.side], step.from), target, performing)
    case 'copy':
      return step.entry.kind === 'link' ? copyLink(step, performing) : copyFile(step, performing)
  }
}

type CopyStep = Extract<MirrorStep, { readonly kind: 'copy' }>

/** A folder on the way that has become a link would lead out of the tree. @throws ChangedMeanwhile */
async function checkParents(root: string, name: string): Promise<void> {
  for (const folder of foldersAbove(name)) {
    const found = await lstat(path.join(root, folder)).catch(() => undefined)
    if (found !== undefined && !found.isDirectory()) throw new ChangedMeanwhile(`${folder} is no folder any more`)
  }
}

/** @throws ChangedMeanwhile when the file is not what the scan found */
async function checkUnchanged(side: MirrorSide, name: string, { roots, scans }: StepContext): Promise<void> {
  const file = path.join(roots[side], name)
  const now = await lstat(file).catch(() => undefined)
  const before = scans[side].stamps.get(name)
  if (now === undefined) throw new ChangedMeanwhile('it is gone')
  // a file that was written a moment before it was read has no stamp: its times do not tell whether it is the same
  const isSame =
    before === undefined
      ? (await contentOf(file, now)) === scans[side].tree.get(name)?.content
      : sameStamp(before, stampOf(now))
  if (!isSame) throw new ChangedMeanwhile('it was changed')
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    // something in it is not mirrored, or is new: the folder stays
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM'].includes(code)) throw error
  }
}

async function toTrash(side: MirrorSide, name: string, performing: StepContext): Promise<void> {
  const { roots, stamp, between } = performing
  await checkUnchanged(side, name, performing)
  const trash = path.join(ownFolder(roots[side]), 'trash', stamp)
  await mkdir(path.join(trash, path.dirname(name)), { recursive: true })
  between(`trash: ${name}`)
  await placeNew(path.join(roots[side], name), path.join(trash, name), performing)
}

/** Renames, but never over something: a hard link fails where the name is taken. */
async function placeNew(from: string, to: string, { between }: StepContext): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new ChangedMeanwhile(`${to} is there already`)
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EINVAL'].includes(code)) throw error
    if ((await lstat(from)).isDirectory()) throw new ChangedMeanwhile(`${from} is a folder now`)
    // a file system without hard links
    if ((await stampNow(to)) !== undefined) throw new ChangedMeanwhile(`${to} is there already`)
    return rename(from, to)
  }
  between(`placed: ${to}`)
  await unlink(from)
}

async function copyLink(step: CopyStep, performing: StepContext): Promise<void> {
  const target = path.join(performing.roots[step.side], step.path)
  await checkFree(step, performing)
  await symlink(step.entry.content, target)
}

/** Makes room under the step's path. @throws ChangedMeanwhile */
async function checkFree(step: CopyStep, performing: StepContext): Promise<void> {
  const target = path.join(performing.roots[step.side], step.path)
  if (step.before !== undefined) return toTrash(step.side, step.path, performing)
  if ((await stampNow(target)) !== undefined) throw new ChangedMeanwhile('something of this name has appeared')
}

async function copyFile(step: CopyStep, performing: StepContext): Promise<void> {
  const { roots, between } = performing
  const source = path.join(roots[otherSide(step.side)], step.path)
  const target = path.join(roots[step.side], step.path)
  const passing = path.join(path.dirname(target), `${PASSING}${randomBytes(6).toString('hex')}`)
  const before = await lstat(source).catch(() => undefined)
  if (before === undefined) throw new ChangedMeanwhile('it is gone')
  try {
    const sha256 = await writeCopy(source, passing, before.size)
    between(`written: ${step.path}`)
    const after = await stampNow(source)
    if (sha256 !== step.entry.content || !sameStamp(before, after))
      throw new ChangedMeanwhile('it was changed while it was copied')
    await chmod(passing, before.mode & 0o7777)
    await utimes(passing, before.atimeMs / 1000, before.mtimeMs / 1000)
    await checkFree(step, performing)
    between(`free: ${step.path}`)
    await placeNew(passing, target, performing)
    await syncFolder(path.dirname(target))
  } finally {
    await rm(passing, { force: true })
  }
}

/** Files up to this size are read and written at once. */
const SMALL_BYTES = 1 << 20

/** Copies the bytes, hashing them on their way, to the disk. Returns their SHA-256. */
async function writeCopy(source: string, passing: string, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256')
  if (sizeBytes <= SMALL_BYTES) {
    const bytes = await readFile(source)
    await writeFile(passing, bytes, { flag: 'wx', flush: true })
    return hash.update(bytes).digest('hex')
  }
  const hashing = new Transform({
    transform: (chunk: Buffer, _, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(createReadStream(source), hashing, createWriteStream(passing, { flags: 'wx', flush: true }))
  return hash.digest('hex')
}

/** The name itself reaches the disk with its folder (fsync(2)). Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().catch(() => undefined) // a network drive may not have it
  await handle.close()
}
