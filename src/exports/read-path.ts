/** Reads what a person names on the command line to be merged: a records file, a folder of them, or either of these in a commit (`COMMIT:PATH`). */
import { lstat, readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { commitNamed } from '../git/history/commits.ts'
import { readBlobs } from '../git/objects/blobs.ts'
import { filesAt } from '../git/objects/tree.ts'
import { DamagedError, UsageError } from '../model/errors.ts'
import type { Workspace } from '../workspace/workspace.ts'

/**
 * Reads every records file that `text` names. The files are untrusted, so links are not followed.
 * @throws UsageError when there is no such file, folder or COMMIT:PATH; DamagedError for a link or other special file
 */
export async function readPath(workspace: Workspace, text: string): Promise<ReadPath> {
  const onDisk = path.resolve(workspace.invocation.directory, text)
  const entry = await lstat(onDisk).catch(() => undefined)
  if (entry === undefined) return readFromCommit(workspace, text)
  if (entry.isFile()) return { files: new Map([[text, await readFile(onDisk, 'utf8')]]), commit: undefined }
  if (!entry.isDirectory())
    throw new DamagedError({ path: text }, 'not a regular file or folder (links are not followed)')
  const files = new Map<string, string>()
  for (const child of await readdir(onDisk, { recursive: true, withFileTypes: true })) {
    const file = path.join(child.parentPath, child.name)
    if (child.isSymbolicLink()) throw new DamagedError({ path: file }, 'a symbolic link; links are not followed')
    if (child.isFile() && child.name.endsWith('.jsonl')) files.set(file, await readFile(file, 'utf8'))
  }
  return { files, commit: undefined }
}

export interface ReadPath {
  /** Path → text. */
  readonly files: ReadonlyMap<string, string>
  /** The id of the commit that `COMMIT:PATH` names; undefined for a path on disk. */
  readonly commit: string | undefined
}

async function readFromCommit(workspace: Workspace, text: string): Promise<ReadPath> {
  const { repository } = workspace
  const colon = text.indexOf(':')
  const commit = colon < 1 ? undefined : await commitNamed(repository, text.slice(0, colon))
  if (commit === undefined) throw new UsageError(`${text}: no such file, folder or COMMIT:PATH`)
  const folder = text.slice(colon + 1).replace(/\/+$/, '')
  const single = await repository.git(['ls-tree', '-z', '--full-tree', commit, '--', folder])
  const file = /^(\d+) blob ([0-9a-f]+)\t([^\0]+)\0/.exec(single)
  const listed =
    file === null
      ? await filesAt(repository, commit, folder)
      : new Map([[folder, { mode: file[1] as string, id: file[2] as string }]])
  const files = new Map<string, string>()
  const blobs = await readBlobs(
    repository,
    [...listed.values()].filter(({ mode }) => mode === '100644').map(({ id }) => id),
  )
  for (const [name, { mode, id }] of listed) {
    if (!name.endsWith('.jsonl')) continue
    if (mode !== '100644') throw new DamagedError({ path: name }, `git mode ${mode}: not a plain file`)
    files.set(name, (blobs.get(id) as Buffer).toString())
  }
  return { files, commit }
}
