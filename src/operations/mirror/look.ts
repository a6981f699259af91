/** What `tandem mirror verify` finds: both sides read to the last byte, and the versions. */
import { exclusions } from '../../mirror/exclusions.ts'
import { checkMarkers } from '../../mirror/marker.ts'
import { isAmong } from '../../mirror/run.ts'
import { type SideScan, sameStamp, scanTree } from '../../mirror/scan.ts'
import { type MirrorSide, SIDES, sameEntry } from '../../mirror/tree.ts'
import { damagedVersions } from '../../mirror/versions.ts'
import { type MirrorClone, withMirror } from './place.ts'
import { pairState } from './run.ts'

export interface MirrorDifference {
  readonly path: string
  /** `damaged`: the file's times say that nobody wrote it, and its bytes are others. */
  readonly kind: 'only-primary' | 'only-mirror' | 'different' | 'damaged'
  readonly side: MirrorSide | undefined
}

export interface MirrorVerified {
  readonly differences: readonly MirrorDifference[]
  readonly files: Readonly<Record<MirrorSide, number>>
  readonly sizeBytes: Readonly<Record<MirrorSide, number>>
  /** `STAMP/PATH` of files in versions whose bytes are not what they were. */
  readonly damagedVersions: readonly string[]
}

/** Reads every byte of both sides; changes nothing. @throws UnreachableError, GuardError, LockedError */
export async function verifyMirror(place: MirrorClone): Promise<MirrorVerified> {
  return withMirror(place, 10_000, async () => {
    const state = await pairState(place)
    await checkMarkers(place.roots, state.id)
    const isExcluded = exclusions([...place.config.exclude, ...place.leftOut])
    const read = (side: MirrorSide): Promise<SideScan> =>
      scanTree(place.roots[side], {
        isExcluded,
        known: () => undefined,
        progress: (files) => place.progress(`reading the ${side}: ${files} files`),
      })
    const scans = { primary: await read('primary'), mirror: await read('mirror') }
    const leftAlone = new Set(SIDES.flatMap((side) => scans[side].skipped.map(({ path }) => path)))
    // one-way, what only the mirror has, and never had from the primary, stays there on purpose
    const isMeant = ({ path, kind }: MirrorDifference): boolean =>
      !isAmong(path, leftAlone) && (place.config.mode === 'two-way' || kind !== 'only-mirror' || state.agreed.has(path))
    const damaged: MirrorDifference[] = []
    for (const side of SIDES)
      for (const [path, entry] of state.agreed) {
        const isUnwritten = sameStamp(entry.stamps[side], scans[side].stamps.get(path))
        const found = scans[side].tree.get(path)
        if (isUnwritten && !sameEntry(found, entry)) damaged.push({ path, kind: 'damaged', side })
      }
    return {
      differences: [...damaged, ...differencesBetween(scans).filter(isMeant)],
      files: eachSide((side) => filesOf(scans[side]).length),
      sizeBytes: eachSide((side) => filesOf(scans[side]).reduce((sum, size) => sum + size, 0)),
      damagedVersions: await damagedVersions(place.roots.mirror),
    }
  })
}

function eachSide(of: (side: MirrorSide) => number): Readonly<Record<MirrorSide, number>> {
  return { primary: of('primary'), mirror: of('mirror') }
}

function filesOf({ tree }: SideScan): number[] {
  return [...tree.values()].filter(({ kind }) => kind === 'file').map(({ sizeBytes }) => sizeBytes)
}

function differencesBetween({ primary, mirror }: Readonly<Record<MirrorSide, SideScan>>): MirrorDifference[] {
  const differences: MirrorDifference[] = []
  for (const path of new Set([...primary.tree.keys(), ...mirror.tree.keys()])) {
    const [ours, theirs] = [primary.tree.get(path), mirror.tree.get(path)]
    if (sameEntry(ours, theirs)) continue
    const kind = theirs === undefined ? 'only-primary' : ours === undefined ? 'only-mirror' : 'different'
    differences.push({ path, kind, side: undefined })
  }
  return differences
}
