/** A live SQLite database of the work tree is never copied as a file, which would lack its log: the mirror gets a copy of one moment, made by the database. */
import { lstat, mkdir, realpath, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { openDumps } from '../../adapters/open-dumps.ts'
import { ownFolder } from '../../mirror/marker.ts'
import type { MirrorProblem } from '../../mirror/run.ts'
import { mirrorStamp } from '../../mirror/trash.ts'
import { GuardError } from '../../model/errors.ts'
import { asTandemError } from '../../source/sources.ts'
import { memory } from '../../workspace/memory.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type LiveFile, type MirrorClone, isWithin } from './place.ts'

/** Path → the state of the live database that was copied, and of the copy. */
type Copied = Readonly<Record<string, readonly [live: string, copy: string] | undefined>>

/** Brings the copies up to date where the database has changed. Answers what went wrong, by path. */
export async function copyDatabases(workspace: Workspace, place: MirrorClone): Promise<readonly MirrorProblem[]> {
  const problems: MirrorProblem[] = []
  const remembered = memory<Copied>(workspace, 'mirror/databases', {})
  for (const database of place.databases)
    try {
      const copied = await remembered.read()
      const next = await copyDatabase(workspace, place, { database, copied: copied[database.path] })
      if (next !== undefined) await remembered.write({ ...copied, [database.path]: next })
    } catch (error) {
      problems.push({ path: database.path, message: asTandemError(error).message })
    }
  return problems
}

async function copyDatabase(
  { invocation }: Workspace,
  { roots }: MirrorClone,
  at: { readonly database: LiveFile; readonly copied: Copied[string] },
): Promise<Copied[string]> {
  const { source, path: name, file: live } = at.database
  const target = path.join(roots.mirror, name)
  const before = await stateOf(live)
  const there = await stateOf(target)
  if (before === '' || (at.copied?.[0] === before && at.copied[1] === there)) return undefined
  const passing = path.join(ownFolder(roots.mirror), `database-${source}`)
  await rm(passing, { force: true })
  const { environment } = invocation
  const dumps = await openDumps(`sqlite:${live}`, { source, root: roots.primary, environment })
  await dumps.dump(passing, async () => undefined)
  await mkdir(path.dirname(target), { recursive: true })
  await checkInside(roots.mirror, target)
  // what is there and was not written here is somebody's
  if (there !== '' && there !== at.copied?.[1]) {
    const trash = path.join(ownFolder(roots.mirror), 'trash', mirrorStamp(invocation.nowMs()), name)
    await mkdir(path.dirname(trash), { recursive: true })
    await rename(target, trash)
  }
  await rename(passing, target)
  return [before, await stateOf(target)]
}

/** A link on the way would lead to somebody's file, such as the live database itself, which the copy would replace. @throws GuardError */
async function checkInside(root: string, target: string): Promise<void> {
  const folder = await realpath(path.dirname(target))
  if (!isWithin(await realpath(root), folder))
    throw new GuardError(
      `on the mirror, a link leads from ${path.dirname(target)} to ${folder}: the database is not copied there`,
    )
}

/** Changes whenever the file or its log does; empty: there is none. */
async function stateOf(file: string): Promise<string> {
  const parts = await Promise.all(
    [file, `${file}-wal`].map((each) =>
      lstat(each).then(
        ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
        () => '',
      ),
    ),
  )
  return parts[0] === '' ? '' : parts.join(' / ')
}
