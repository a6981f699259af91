/** `tandem mirror init`: makes two folders a pair. Sides that never met, or met no more, are united: nothing is deleted on either. */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { excludeFolder } from '../../git/info-exclude.ts'
import { writeAtomically } from '../../io/atomic-write.ts'
import { OWN_FOLDER } from '../../mirror/exclusions.ts'
import { checkFolder, ownFolder, readMarker, writeMarkers } from '../../mirror/marker.ts'
import { readMirrorState, resetMirrorState } from '../../mirror/state.ts'
import { SIDES } from '../../mirror/tree.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type MirrorClone, withMirror } from './place.ts'

export interface MirrorInit {
  readonly mirror: string
  /** False: both folders were a pair already, and are left as they are. */
  readonly isNew: boolean
}

/** Makes the pair; `tandem mirror run` then unites both sides. @throws UnreachableError when the folder's disk is not there; LockedError */
export async function initMirror(workspace: Workspace, place: MirrorClone): Promise<MirrorInit> {
  const { roots, folder } = place
  await checkFolder(path.dirname(roots.mirror), 'mirror')
  const { dryRun, newId } = workspace.invocation
  const known = await readMirrorState(folder)
  const markers = await Promise.all(SIDES.map((side) => readMarker(roots[side])))
  const isPair = known !== undefined && markers.every((each, i) => each?.id === known.id && each.side === SIDES[i])
  if (dryRun) return { mirror: roots.mirror, isNew: !isPair }
  return withMirror(place, 10_000, async () => {
    await mkdir(roots.mirror, { recursive: true })
    await excludeFolder(workspace.repository, OWN_FOLDER)
    if (!isPair) {
      const id = newId()
      await resetMirrorState(folder, id)
      await writeMarkers(roots, id)
    }
    await writeOnCommit(workspace)
    return { mirror: roots.mirror, isNew: !isPair }
  })
}

/** The file by which the post-commit hook knows, without starting the program, that there is a mirror. */
async function writeOnCommit({ dataDir, config }: Workspace): Promise<void> {
  const file = path.join(dataDir, 'mirror-on-commit')
  if (config.mirror?.onCommit === true) await writeAtomically(file, '')
  else await rm(file, { force: true })
}

/** Where the mirror has its copy of the repository. */
export function bareRepository(place: MirrorClone): string {
  return path.join(ownFolder(place.roots.mirror), 'repository.git')
}
