/**
 * The markers by which a pair of folders is known: a file with a random id on each root. A folder whose marker is missing or another's is a disk that is not mounted, a new one, or
 * the wrong one; taking it for the mirror would delete on one side what the other does not have.
 */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../io/atomic-write.ts'
import { GuardError, UnreachableError } from '../model/errors.ts'
import { OWN_FOLDER } from './exclusions.ts'
import { type MirrorSide, SIDES } from './tree.ts'

export type Roots = Readonly<Record<MirrorSide, string>>

interface Marker {
  readonly id: string
  readonly side: MirrorSide
}

const NOTE =
  'git-tandem keeps this folder alike with another one. This file tells it which folder this is; do not copy it elsewhere.'

/** The tool's own folder on a side. */
export function ownFolder(root: string): string {
  return path.join(root, OWN_FOLDER)
}

function markerFile(root: string): string {
  return path.join(ownFolder(root), 'marker.json')
}

export async function readMarker(root: string): Promise<Marker | undefined> {
  try {
    const { id, side } = JSON.parse(await readFile(markerFile(root), 'utf8')) as Marker
    return typeof id === 'string' && SIDES.includes(side) ? { id, side } : undefined
  } catch {
    return undefined
  }
}

export async function writeMarkers(roots: Roots, id: string): Promise<void> {
  for (const side of SIDES) {
    const text = JSON.stringify({ id, side, note: NOTE }, undefined, 2)
    await writeAtomically(markerFile(roots[side]), `${text}\n`)
  }
}

/** @throws UnreachableError when a folder is not there; GuardError when it is not the one that is meant */
export async function checkMarkers(roots: Roots, id: string): Promise<void> {
  for (const side of SIDES) {
    const root = roots[side]
    await checkFolder(root, side)
    const marker = await readMarker(root)
    const hint = 'If this is the right folder: tandem mirror init, which unites both sides and deletes nothing.'
    if (marker === undefined)
      throw new GuardError(`${root} has no marker of the mirror: is the disk of the ${side} mounted?`, { hint })
    if (marker.id !== id) throw new GuardError(`${root} belongs to another mirror`, { hint })
    if (marker.side !== side)
      throw new GuardError(`${root} is marked as the ${marker.side}: the drives seem to be swapped`, {
        hint: 'Put the drives back, or correct "mirror": {"to": …}.',
      })
  }
}

/** @throws UnreachableError */
export async function checkFolder(root: string, side: MirrorSide): Promise<void> {
  const found = await stat(root).catch(() => undefined)
  if (found?.isDirectory() !== true)
    throw new UnreachableError(`the ${side} ${root} is not there`, { hint: 'Mount its disk, and try again.' })
}
