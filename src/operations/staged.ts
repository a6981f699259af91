/** Which staged exports are the tool's own: remembered by path and blob id, so that what a person staged (or a squash, a stash) is never taken for ours. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { buildTree, stageFiles, type FileIds, type FileWrites } from '../git/data-commit.ts'
import { blobId, readBlobs } from '../git/objects.ts'
import { filesAt, filesInIndex, type TreeFiles } from '../git/tree.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Workspace } from './workspace.ts'

function stagedFile(workspace: Workspace): string {
  return path.join(workspace.dataDir, 'staged.json')
}

/** Path → blob id of what the tool staged last. */
export async function ownStaged(workspace: Workspace): Promise<ReadonlyMap<string, string>> {
  return new Map(Object.entries(await remembered(workspace)))
}

async function remembered(workspace: Workspace): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(stagedFile(workspace), 'utf8').catch(() => '{}')
  return JSON.parse(text) as Record<string, string>
}

export async function rememberStaged(workspace: Workspace, files: FileIds): Promise<void> {
  const all = { ...(await remembered(workspace)), ...Object.fromEntries(files) }
  await writeAtomically(stagedFile(workspace), JSON.stringify(all))
}

/** After a data commit: what is still staged of the tool's own stays its own. */
export async function keepStaged(workspace: Workspace, commit: string): Promise<void> {
  const { own } = await stagedExports(workspace, commit)
  const ours = await remembered(workspace)
  await writeAtomically(
    stagedFile(workspace),
    JSON.stringify(Object.fromEntries(own.map((file) => [file, ours[file]]))),
  )
}

/** Files of these sources that the tool staged and live meanwhile gave up: with HEAD's bytes, or undefined where HEAD has none. */
export async function givenUp(
  workspace: Workspace,
  at: { readonly head: string; readonly writes: FileWrites; readonly sources: readonly string[] },
): Promise<Map<string, Buffer | undefined>> {
  const { repository, config } = workspace
  const folders = at.sources.map((source) => `${config.exports}/${source}/`)
  const { own } = await stagedExports(workspace, at.head)
  const left = own.filter((file) => !at.writes.has(file) && folders.some((folder) => file.startsWith(folder)))
  const committed = await filesAt(repository, at.head, config.exports)
  const blobs = await readBlobs(
    repository,
    left.flatMap((file) => committed.get(file)?.id ?? []),
  )
  return new Map(left.map((file) => [file, blobs.get(committed.get(file)?.id ?? '')]))
}

/** Stages files as the tool's own, in the index and the work tree. Answers the tree that a commit of them would have. @throws LockedError */
export async function stageOwn(
  workspace: Workspace,
  at: { readonly head: string; readonly writes: FileWrites },
): Promise<string> {
  const { tree, files } = await buildTree(workspace.repository, at.head, at.writes)
  const staged = await ownStaged(workspace)
  await rememberStaged(workspace, files)
  await stageFiles(workspace.repository, files, { from: at.head, writes: at.writes, staged })
  return tree
}

/** True when files that the tool wrote for a commit are in the index or the work tree, and in no commit: a person has not committed them yet, or a run was killed. */
export async function isOwnUncommitted(workspace: Workspace, head: string): Promise<boolean> {
  const { repository, config } = workspace
  const committed = await filesAt(repository, head, config.exports)
  for (const [file, id] of await ownStaged(workspace)) {
    if (committed.get(file)?.id === id) continue
    const bytes = await readFile(path.join(repository.root, file)).catch(() => undefined)
    if (bytes !== undefined && blobId(bytes, repository.objectFormat) === id) return true
  }
  return false
}

export interface StagedExports {
  /** Paths staged by the tool. */
  readonly own: readonly string[]
  /** Paths staged by somebody else, or removed from the index. */
  readonly foreign: readonly string[]
}

/** What the index holds below the exports folder that HEAD does not. */
export async function stagedExports(workspace: Workspace, head: string): Promise<StagedExports> {
  const { repository, config } = workspace
  const committed = await filesAt(repository, head, config.exports)
  const index = await filesInIndex(repository, config.exports)
  const ours = await remembered(workspace)
  const own: string[] = []
  const foreign: string[] = []
  for (const file of differing(committed, index)) (ours[file] === index.get(file)?.id ? own : foreign).push(file)
  return { own, foreign: foreign.filter((file) => file !== `${config.exports}/.gitattributes`) }
}

function differing(a: TreeFiles, b: TreeFiles): string[] {
  const paths = new Set([...a.keys(), ...b.keys()])
  return [...paths].filter((file) => a.get(file)?.id !== b.get(file)?.id || a.get(file)?.mode !== b.get(file)?.mode)
}
