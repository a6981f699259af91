/** Which data commit of this clone nobody else can have: the next export may replace it instead of stacking one on top. Apart from making commits, since pushes decide it. */
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { PushMarker } from '../git/carry.ts'
import { commitAt, isShared } from '../git/history.ts'
import { writeAtomically } from '../io/atomic-write.ts'
import type { Workspace } from './workspace.ts'

/** Remembers a data commit that has not left this clone. */
export async function markReplaceable(workspace: Workspace, commit: string): Promise<void> {
  await writeAtomically(unpublishedFile(workspace), `${commit}\n`)
}

/** A push has begun, and what it sends may be seen by others even if it fails: from now on no data commit is replaced. */
export async function markPublished(workspace: Workspace): Promise<void> {
  await rm(unpublishedFile(workspace), { force: true })
}

/** A push that ended before its data commit was sent: it may be replaced. Over HTTP git reads the branch anew when it sends, so there it may have gone out all the same. */
export async function markUnsent(workspace: Workspace, marker: PushMarker): Promise<void> {
  const args = ['remote', 'get-url', '--push', '--all', marker.remote]
  const urls = await workspace.repository.git(args, { answers: [2, 128] })
  if (!/^https?:/m.test(urls)) await markReplaceable(workspace, marker.data)
}

/** The parent for a commit that replaces HEAD: HEAD is a data commit of this clone that its upstream has not seen. undefined: HEAD stays, as it does where nothing is ever published. */
export async function replaceable(workspace: Workspace, head: string): Promise<string | undefined> {
  const own = await readFile(unpublishedFile(workspace), 'utf8').catch(() => '')
  const upstream = await workspace.repository.git(['rev-parse', '--verify', '--quiet', '@{upstream}'], {
    answers: [1, 128],
  })
  if (upstream === '') return undefined
  if (own.trim() !== head || (await isShared(workspace.repository, head))) return undefined
  const commit = await commitAt(workspace.repository, head)
  return commit.parents.length === 1 ? commit.parents[0] : undefined
}

function unpublishedFile(workspace: Workspace): string {
  return path.join(workspace.dataDir, 'unpublished')
}
