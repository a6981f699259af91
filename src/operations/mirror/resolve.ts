/** `tandem mirror resolve`: ends a conflict. The file that keeps the name and the one that was saved beside it are both there; one of them goes to the trash. */
import { lstat, mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { exists } from '../../io/exists.ts'
import { readConflicts } from '../../mirror/history.ts'
import { ownFolder } from '../../mirror/marker.ts'
import { mirrorStamp } from '../../mirror/trash.ts'
import { UsageError } from '../../model/errors.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type MirrorClone, withMirror } from './place.ts'
import { type MirrorOutcome, runMirror } from './run.ts'

export interface ResolveRequest {
  /** The path of a conflict; undefined: all. */
  readonly path: string | undefined
  /** `current`: the file that has the name; `saved`: the one beside it; a side: for files of which a person chooses. */
  readonly keep: 'current' | 'saved' | 'primary' | 'mirror'
}

/** Ends conflicts, and runs the mirror. @throws UsageError when there is no such conflict */
export async function resolveMirror(
  workspace: Workspace,
  place: MirrorClone,
  request: ResolveRequest,
): Promise<MirrorOutcome> {
  const open = (await readConflicts(place.folder)).filter(
    (conflict) => request.path === undefined || [conflict.path, conflict.saved].includes(request.path),
  )
  if (open.length === 0)
    throw new UsageError(
      request.path === undefined ? 'there is no conflict' : `there is no conflict about ${request.path}`,
      {
        hint: 'tandem mirror status lists them.',
      },
    )
  const { keep } = request
  const prefer = keep === 'primary' || keep === 'mirror' ? keep : undefined
  if (prefer === undefined && open.some(({ saved }) => saved === undefined))
    throw new UsageError('of this file both sides stay as they are until one is chosen', {
      hint: 'tandem mirror resolve PATH --keep primary, or --keep mirror',
    })
  const stamp = mirrorStamp(place.nowMs())
  await withMirror(place, 10_000, async () => {
    for (const { path: name, saved, loser } of open) {
      if (saved === undefined) continue
      const isSavedKept = keep === 'saved' || keep === loser
      await checkSaved(place, saved)
      if (isSavedKept) await toTrash(place, name, stamp)
      if (isSavedKept) await rename(path.join(place.roots.primary, saved), path.join(place.roots.primary, name))
      else await toTrash(place, saved, stamp)
    }
  })
  const run = { prefer, chosen: new Set(open.map(({ path: name }) => name)), allowDeletes: open.length }
  return runMirror(workspace, place, { run, trigger: 'user', waitMs: 10_000 })
}

/** A run that was killed may have left the loser on the mirror only. @throws UsageError */
async function checkSaved({ roots }: MirrorClone, saved: string): Promise<void> {
  if (await exists(path.join(roots.primary, saved))) return
  throw new UsageError(`${saved} has not come to the primary yet`, { hint: 'tandem mirror run, then try again.' })
}

async function toTrash({ roots }: MirrorClone, name: string, stamp: string): Promise<void> {
  const from = path.join(roots.primary, name)
  if ((await lstat(from).catch(() => undefined)) === undefined) return
  const to = path.join(ownFolder(roots.primary), 'trash', stamp, name)
  await mkdir(path.dirname(to), { recursive: true })
  await rename(from, to)
}
