/** What a person names to be merged: a records file, a folder of them, or either in a commit (`COMMIT:PATH`). Read as untrusted input: regular files only, no links. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { readBlobs } from '../git/objects.ts'
import { filesAt } from '../git/tree.ts'
import { DamagedError, UsageError } from '../model/errors.ts'
import type { Workspace } from './workspace.ts'

/** Path → text of every records file named. Regular files only, no links. */
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
  readonly files: ReadonlyMap<string, string>
  /** The commit that `COMMIT:PATH` named. */
  readonly commit: string | undefined
}

async function readFromCommit(workspace: Workspace, text: string): Promise<ReadPath> {
  const { repository } = workspace
  const colon = text.indexOf(':')
  const commit =
    colon < 1
      ? ''
      : await repository.git(
          ['rev-parse', '--verify', '--quiet', '--end-of-options', `${text.slice(0, colon)}^{commit}`],
          { answers: [1, 128] },
        )
  if (commit === '') throw new UsageError(`${text}: no such file, folder or COMMIT:PATH`)
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
