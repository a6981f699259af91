/**
 * What both sides are to hold, from what each holds and what they last agreed on. Each side is compared with the agreement, never with the clock of the other drive: what only one
 * side changed is taken over, what both changed differently is a conflict, in which the newest keeps the name and the other is kept under a name beside it. A pure function.
 */
import { type MirrorSide, SIDES, type SideTree, type SideEntry, foldersAbove, otherSide, sameEntry } from './tree.ts'

export interface DecideInput {
  /** What both sides last agreed on; empty for sides that never met: then nothing is deleted. */
  readonly agreed: SideTree
  readonly primary: SideTree
  readonly mirror: SideTree
  readonly mode: 'two-way' | 'one-way'
  /** True for files of which a person chooses when both sides changed one. */
  readonly isCritical: (path: string) => boolean
  /** The side that wins every conflict; undefined: the newest. */
  readonly prefer: MirrorSide | undefined
  /** Conflicts that a person ended by `prefer`: the loser goes to the trash. */
  readonly chosen: ReadonlySet<string>
  /** `20261201-021500`, for names of losers. */
  readonly stamp: string
}

/** An entry that both sides are to hold, and the side that has it now. */
export interface WantedEntry {
  readonly entry: SideEntry
  readonly from: MirrorSide
  /** Where that side has it now, if not under this path: the loser of a conflict. */
  readonly origin?: string
}

export interface MirrorConflict {
  readonly path: string
  /** Where the loser is kept, on both sides; undefined: both sides stay as they are until a person has chosen. */
  readonly saved: string | undefined
  readonly loser: MirrorSide | undefined
}

export interface MirrorDecision {
  /** Path → what both are to hold. A path that is missing is to be on neither. */
  readonly wanted: ReadonlyMap<string, WantedEntry>
  /** Paths that stay as they are on both sides. */
  readonly untouched: ReadonlySet<string>
  readonly conflicts: readonly MirrorConflict[]
  /** Path → why it changes, for the log. */
  readonly reasons: ReadonlyMap<string, string>
}

interface Deciding {
  readonly input: DecideInput
  readonly wanted: Map<string, WantedEntry>
  readonly untouched: Set<string>
  readonly conflicts: MirrorConflict[]
  readonly reasons: Map<string, string>
}

export function decide(input: DecideInput): MirrorDecision {
  const deciding: Deciding = {
    input,
    wanted: new Map(),
    untouched: new Set(),
    conflicts: [],
    reasons: new Map(),
  }
  for (const path of new Set([...input.agreed.keys(), ...input.primary.keys(), ...input.mirror.keys()]))
    decidePath(deciding, path)
  moveFilesAside(deciding)
  keepFolders(deciding)
  return deciding
}

function decidePath(deciding: Deciding, path: string): void {
  const { input, wanted, reasons } = deciding
  const [agreed, primary, mirror] = [input.agreed.get(path), input.primary.get(path), input.mirror.get(path)]
  if (sameEntry(primary, mirror)) {
    if (primary !== undefined) wanted.set(path, { entry: primary, from: 'primary' })
    return
  }
  if (input.mode === 'one-way') return takePrimary(deciding, path)
  for (const side of SIDES) {
    const [changed, still] = side === 'primary' ? [primary, mirror] : [mirror, primary]
    if (!sameEntry(still, agreed)) continue
    if (changed !== undefined) wanted.set(path, { entry: changed, from: side })
    reasons.set(path, changed === undefined ? `deleted on the ${side}` : `${agreed ? 'changed' : 'new'} on the ${side}`)
    return
  }
  if (primary === undefined || mirror === undefined) return keepChanged(deciding, path)
  decideConflict(deciding, path, { primary, mirror })
}

/** One-way: the mirror gets what the primary has. What it has of somebody else's, who never had it from the primary, stays there: it may be the only copy. */
function takePrimary({ input, wanted, untouched, reasons }: Deciding, path: string): void {
  const primary = input.primary.get(path)
  if (primary !== undefined) wanted.set(path, { entry: primary, from: 'primary' })
  else if (input.mirror.has(path) && !input.agreed.has(path)) untouched.add(path)
  reasons.set(path, primary === undefined ? 'the primary does not have it' : 'the primary has it so')
}

/** One side deleted what the other changed: the change stays. */
function keepChanged({ input, wanted, reasons }: Deciding, path: string): void {
  const from = input.primary.has(path) ? 'primary' : 'mirror'
  wanted.set(path, { entry: input[from].get(path) as SideEntry, from })
  reasons.set(path, `changed on the ${from}, and deleted on the ${otherSide(from)}: a change outlives a deletion`)
}

function decideConflict(deciding: Deciding, path: string, entries: Readonly<Record<MirrorSide, SideEntry>>): void {
  const { input, wanted, untouched, conflicts, reasons } = deciding
  const { primary, mirror } = entries
  // a folder keeps its name, since its files have theirs in it
  const folder = SIDES.find((side) => entries[side].kind === 'folder')
  if (folder === undefined && input.prefer === undefined && input.isCritical(path)) {
    untouched.add(path)
    conflicts.push({ path, saved: undefined, loser: undefined })
    return
  }
  const newest = mirror.mtimeMs > primary.mtimeMs ? 'mirror' : 'primary'
  const winner = folder ?? input.prefer ?? newest
  const why = winner === folder ? 'a folder' : winner === input.prefer ? 'preferred' : 'newer'
  wanted.set(path, { entry: entries[winner], from: winner })
  reasons.set(path, `changed on both sides; that of the ${winner} is ${why}`)
  if (!input.chosen.has(path)) saveLoser(deciding, path, { from: otherSide(winner), entry: entries[otherSide(winner)] })
}

/** Keeps the loser of a conflict, on both sides, under a name beside that of the winner. */
function saveLoser(deciding: Deciding, path: string, { from, entry }: WantedEntry): void {
  const { input, wanted, conflicts, reasons } = deciding
  const saved = freeName(path, `conflict-${from}-${input.stamp}`, (name) =>
    [wanted, input.primary, input.mirror, input.agreed].some((tree) => tree.has(name)),
  )
  wanted.set(saved, { entry, from, origin: path })
  reasons.set(saved, `the other one of ${path}`)
  conflicts.push({ path, saved, loser: from })
}

/** `notes.txt` → `notes.conflict-mirror-20261201-021500.txt`. */
export function freeName(path: string, mark: string, isTaken: (name: string) => boolean): string {
  const dot = path.lastIndexOf('.')
  const at = dot > path.lastIndexOf('/') + 1 ? dot : path.length
  for (let count = 1; ; count++) {
    const name = `${path.slice(0, at)}.${mark}${count === 1 ? '' : `-${count}`}${path.slice(at)}`
    if (!isTaken(name)) return name
  }
}

/** A file whose name is a folder's for the other side's files: the folder keeps the name. */
function moveFilesAside(deciding: Deciding): void {
  const { wanted, reasons } = deciding
  for (const path of wanted.keys())
    for (const above of foldersAbove(path)) {
      const file = wanted.get(above)
      if (file === undefined || file.entry.kind === 'folder' || file.origin !== undefined) continue
      wanted.delete(above)
      reasons.set(above, 'a file of this name makes room for a folder')
      saveLoser(deciding, above, file)
    }
}

/** A folder that holds something is wanted, whoever deleted it. */
function keepFolders({ input, wanted, untouched }: Deciding): void {
  for (const path of [...wanted.keys(), ...untouched])
    for (const above of foldersAbove(path)) {
      if (wanted.has(above) || untouched.has(above)) continue
      if (input.mode === 'one-way' && !input.primary.has(above)) {
        untouched.add(above)
        continue
      }
      const from = SIDES.find((side) => input[side].get(above)?.kind === 'folder') ?? 'primary'
      const entry = input[from].get(above) ?? { kind: 'folder', content: '', sizeBytes: 0, mtimeMs: 0 }
      wanted.set(above, { entry, from })
    }
}
