/** Walks over a commit graph from the newest clock to the oldest. A commit's clock is later than those of its parents, so when a commit is reached, all of its descendants in the walk were visited. */
import type { GraphCommit } from './commit-clock.ts'

type Lookup = (id: string) => GraphCommit

const WANTED = 1

const LEFT_OUT = 2

const STALE = 4

/** The commits `of` and all their ancestors, without the commits `without` and their ancestors; newest first. */
export function paintRegion(commit: Lookup, of: readonly string[], without: readonly string[]): string[] {
  const walk = startWalk(commit)
  for (const id of without) walk.paint(id, LEFT_OUT)
  for (const id of of) walk.paint(id, WANTED)
  const region: string[] = []
  // goes on until no wanted commit waits: until then the left-out ones may still reach its ancestors
  while (walk.waits((flags) => flags === WANTED)) {
    const { id, flags } = walk.next()
    if (flags === WANTED) region.push(id)
    for (const parent of commit(id).parents) walk.paint(parent, flags)
  }
  return region
}

/** The merge bases of two commits: common ancestors that no other common ancestor has in its history. Sorted by id. */
export function paintBases(commit: Lookup, a: string, b: string): string[] {
  const both = WANTED | LEFT_OUT
  const walk = startWalk(commit)
  walk.paint(a, WANTED)
  walk.paint(b, LEFT_OUT)
  const bases: string[] = []
  while (walk.waits((flags) => (flags & STALE) === 0)) {
    const { id, flags } = walk.next()
    const isBase = flags === both
    if (isBase) bases.push(id)
    for (const parent of commit(id).parents) walk.paint(parent, isBase ? flags | STALE : flags)
  }
  return bases.toSorted()
}

interface Walk {
  paint(id: string, flags: number): void
  waits(isOpen: (flags: number) => boolean): boolean
  next(): { readonly id: string; readonly flags: number }
}

function startWalk(commit: Lookup): Walk {
  const painted = new Map<string, number>()
  const waiting: string[] = [] // sorted by clock, the latest last
  return {
    paint: (id, flags) => {
      if (!painted.has(id)) insert(waiting, id, commit)
      painted.set(id, (painted.get(id) ?? 0) | flags)
    },
    waits: (isOpen) => waiting.some((id) => isOpen(painted.get(id) ?? 0)),
    next: () => {
      const id = waiting.pop() as string
      return { id, flags: painted.get(id) ?? 0 }
    },
  }
}

function insert(waiting: string[], id: string, commit: Lookup): void {
  const { at } = commit(id)
  let place = waiting.length
  while (place > 0 && commit(waiting[place - 1] as string).at > at) place--
  waiting.splice(place, 0, id)
}
