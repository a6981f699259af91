/** What stops a run before it does anything: signs that a side is not what it was, rather than that somebody changed it. Pure. */
import type { MirrorPlan, MirrorStep } from './plan.ts'
import { type MirrorSide, SIDES, type SideTree, sameEntry } from './tree.ts'

/** Below this, a share says nothing: of three files somebody may well delete two. */
const FEW = 10

export interface GuardInput {
  readonly agreed: SideTree
  readonly trees: Readonly<Record<MirrorSide, SideTree>>
  readonly plan: MirrorPlan
  /** A number of files, or a share such as `20%`. */
  readonly deletes: string | number
  /** So many deletes were allowed by hand, once. */
  readonly allowed: number
}

/** Why the plan is not to be done, in words for people; undefined: it may be. */
export function guardReason({ agreed, trees, plan, deletes, allowed }: GuardInput): string | undefined {
  const files = [...agreed].filter(([, { kind }]) => kind !== 'folder')
  if (files.length === 0) return firstReason(plan, allowed)
  if (allowed >= files.length) return undefined
  for (const side of SIDES)
    if (!files.some(([path]) => trees[side].has(path)))
      return `the ${side} has none of the ${files.length} files that both sides had`
  for (const side of SIDES) {
    const gone = plan.steps.filter((step) => step.kind === 'trash' && step.side === side).length
    const kept = files.some(([path, entry]) => sameEntry(trees[side].get(path), entry))
    if (files.length >= FEW && !kept) return `every file of the ${side} has changed`
    if (gone > Math.max(FEW, allowed) && gone > limitOf(deletes, files.length))
      return `${gone} of ${files.length} files would go to the trash on the ${side}`
  }
  return undefined
}

/** Sides that never met: what one of them has may be the only copy. */
function firstReason({ steps }: MirrorPlan, allowed: number): string | undefined {
  const gone = steps.filter((step) => 'before' in step && step.before !== undefined && isReplaced(step.kind)).length
  if (gone <= Math.max(FEW, allowed)) return undefined
  return `the sides never met, and ${gone} files of the mirror would be replaced by others of these names`
}

function isReplaced(kind: MirrorStep['kind']): boolean {
  return kind === 'trash' || kind === 'copy'
}

function limitOf(deletes: string | number, files: number): number {
  if (typeof deletes === 'number') return deletes
  return (files * Number(deletes.replace('%', ''))) / 100
}
