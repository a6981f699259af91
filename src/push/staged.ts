/** Which staged exports are the tool's own: remembered by path and blob id, so that what a person staged (or a squash, a stash) is never taken for ours. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type FileWrites, buildTree, stageFiles } from '../git/data-commit.ts'
import { blobId, readBlobs } from '../git/objects/blobs.ts'
import { type TreeFiles, filesAt, filesInIndex } from '../git/objects/tree.ts'
import type { FileIds } from '../git/work-tree.ts'
import { type Memory, memory } from '../workspace/memory.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Path → blob id of what the tool staged last. */
function staged(workspace: Workspace): Memory<Readonly<Record<string, string>>> {
  return memory<Readonly<Record<string, string>>>(workspace, 'staged.json', {})
}

/** Path → blob id of what the tool staged last. */
export async function ownStaged(workspace: Workspace): Promise<ReadonlyMap<string, string>> {
  return new Map(Object.entries(await staged(workspace).read()))
}

export async function rememberStaged(workspace: Workspace, files: FileIds): Promise<void> {
  const own = staged(workspace)
  // a removed file (undefined) is no longer in the JSON
  await own.write({ ...(await own.read()), ...(Object.fromEntries(files) as Record<string, string>) })
}

/** After a data commit: what is still staged of the tool's own stays its own. */
export async function keepStaged(workspace: Workspace, commit: string): Promise<void> {
  const own = await uncommittedOwn(workspace, commit)
  const ours = await ownStaged(workspace)
  await staged(workspace).write(Object.fromEntries(own.map((file) => [file, ours.get(file) as string])))
}

/** Files of these sources that the tool staged and live meanwhile gave up: with HEAD's bytes, or undefined where HEAD has none. */
export async function stagedButReverted(
  workspace: Workspace,
  at: { readonly head: string; readonly writes: FileWrites; readonly sources: readonly string[] },
): Promise<Map<string, Buffer | undefined>> {
  const { repository, config } = workspace
  const folders = at.sources.map((source) => `${config.exports}/${source}/`)
  const own = await uncommittedOwn(workspace, at.head)
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
  const before = await ownStaged(workspace)
  await rememberStaged(workspace, files)
  await stageFiles(workspace.repository, files, { from: at.head, staged: before, contents: at.writes })
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

/** Paths of the tool's own that are staged and differ from the commit. The index is read only if the tool ever staged what the commit does not hold. */
async function uncommittedOwn(workspace: Workspace, commit: string): Promise<readonly string[]> {
  const committed = await filesAt(workspace.repository, commit, workspace.config.exports)
  const differs = [...(await ownStaged(workspace))].some(([file, id]) => committed.get(file)?.id !== id)
  return differs ? (await stagedExports(workspace, commit)).own : []
}

/** What the index holds below the exports folder that HEAD does not. */
export async function stagedExports(workspace: Workspace, head: string): Promise<StagedExports> {
  const { repository, config } = workspace
  const committed = await filesAt(repository, head, config.exports)
  const index = await filesInIndex(repository, config.exports)
  const ours = await ownStaged(workspace)
  const own: string[] = []
  const foreign: string[] = []
  for (const file of differing(committed, index)) (ours.get(file) === index.get(file)?.id ? own : foreign).push(file)
  return { own, foreign: foreign.filter((file) => file !== `${config.exports}/.gitattributes`) }
}

function differing(a: TreeFiles, b: TreeFiles): string[] {
  const paths = new Set([...a.keys(), ...b.keys()])
  return [...paths].filter((file) => a.get(file)?.id !== b.get(file)?.id || a.get(file)?.mode !== b.get(file)?.mode)
}
