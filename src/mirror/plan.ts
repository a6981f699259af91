/** From what both sides are to hold to the steps that get there, each with what must still be there when it is done. A pure function; perform.ts does the steps. */
import type { MirrorDecision, WantedEntry } from './decide.ts'
import { type MirrorSide, SIDES, type SideTree, type SideEntry, otherSide, sameEntry } from './tree.ts'

interface StepOf {
  /** The side that the step changes. */
  readonly side: MirrorSide
  readonly path: string
  readonly reason: string
}

export type MirrorStep = StepOf &
  (
    | { readonly kind: 'trash'; readonly before: SideEntry }
    /** `aside`: the loser of a conflict, which makes room first; `move`: what the other side renamed. */
    | { readonly kind: 'aside' | 'move'; readonly from: string; readonly before: SideEntry }
    | { readonly kind: 'make-folder' | 'remove-folder' }
    /** `before`: what the side has under the path now; it goes to the trash. */
    | { readonly kind: 'copy'; readonly entry: SideEntry; readonly before: SideEntry | undefined }
  )

export interface MirrorPlan {
  /** In the order in which they are done. */
  readonly steps: readonly MirrorStep[]
  /** What both sides are to hold: the next agreement. */
  readonly wanted: ReadonlyMap<string, WantedEntry>
}

const ORDER: readonly MirrorStep['kind'][] = ['aside', 'trash', 'make-folder', 'move', 'remove-folder', 'copy']

export function planSteps(decision: MirrorDecision, trees: Readonly<Record<MirrorSide, SideTree>>): MirrorPlan {
  const steps = SIDES.flatMap((side) => stepsOn(side, decision, trees[side]))
  const rank = (step: MirrorStep): number => ORDER.indexOf(step.kind)
  return { steps: steps.sort((a, b) => rank(a) - rank(b) || byDepth(a, b)), wanted: decision.wanted }
}

/** Folders are made from the top and removed from the bottom. */
function byDepth(a: MirrorStep, b: MirrorStep): number {
  const order = a.path < b.path ? -1 : a.path > b.path ? 1 : 0
  return a.kind === 'remove-folder' ? -order : order
}

function stepsOn(side: MirrorSide, { wanted, untouched, reasons }: MirrorDecision, tree: SideTree): MirrorStep[] {
  const reasonOf = (path: string): string => reasons.get(path) ?? `as on the ${otherSide(side)}`
  const asides = asidesOn(side, { wanted, tree, reasonOf })
  const gone = new Set(asides.map(({ from }) => from))
  const leaving = new Map([...tree].filter(([path]) => !untouched.has(path) && !wanted.has(path) && !gone.has(path)))
  const steps: MirrorStep[] = [...asides]
  for (const [path, { entry, from, origin }] of wanted) {
    const before = gone.has(path) ? undefined : tree.get(path)
    const isMovedAside = origin !== undefined && from === side
    if (untouched.has(path) || isMovedAside || sameEntry(before, entry)) continue
    const to = { side, path, reason: reasonOf(path) }
    if (before?.kind === 'folder') steps.push({ ...to, kind: 'remove-folder' })
    const twin = before === undefined ? twinOf(entry, leaving) : undefined
    if (twin !== undefined) {
      leaving.delete(twin)
      steps.push({ ...to, kind: 'move', from: twin, before: entry, reason: `renamed on the ${from}` })
    } else if (entry.kind === 'folder') {
      if (before !== undefined) steps.push({ ...to, kind: 'trash', before })
      steps.push({ ...to, kind: 'make-folder' })
    } else steps.push({ ...to, kind: 'copy', entry, before: before?.kind === 'folder' ? undefined : before })
  }
  for (const [path, before] of leaving) {
    const to = { side, path, reason: reasonOf(path) }
    steps.push(before.kind === 'folder' ? { ...to, kind: 'remove-folder' } : { ...to, kind: 'trash', before })
  }
  return steps
}

interface AsideInput {
  readonly wanted: MirrorDecision['wanted']
  readonly tree: SideTree
  readonly reasonOf: (path: string) => string
}

type AsideStep = Extract<MirrorStep, { readonly from: string }>

/** The losers of conflicts that this side has: they get their other name first. */
function asidesOn(side: MirrorSide, { wanted, tree, reasonOf }: AsideInput): AsideStep[] {
  const asides: AsideStep[] = []
  for (const [path, { from, origin }] of wanted) {
    const before = origin === undefined || from !== side ? undefined : tree.get(origin)
    if (before === undefined || origin === undefined) continue
    asides.push({ kind: 'aside', side, path, from: origin, before, reason: reasonOf(path) })
  }
  return asides
}

/** A file of this side with the same content that is to go away: it was renamed. */
function twinOf(entry: SideEntry, leaving: SideTree): string | undefined {
  if (entry.kind !== 'file' || entry.sizeBytes === 0) return undefined
  for (const [path, other] of leaving) if (sameEntry(other, entry)) return path
  return undefined
}
