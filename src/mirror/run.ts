/** One run of the mirror: both sides read, decided, planned, guarded, done, and written down. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import picomatch from 'picomatch'
import type { MirrorConfig } from '../config/mirror.ts'
import { GuardError } from '../model/errors.ts'
import { type MirrorDecision, type MirrorConflict, decide } from './decide.ts'
import { collisions, exclusions, windowsProblem } from './exclusions.ts'
import { guardReason } from './guards.ts'
import { type MirrorEvent, type OpenConflict, addEvents, readConflicts, writeConflicts } from './history.ts'
import { type Roots, checkMarkers } from './marker.ts'
import { ChangedMeanwhile, type StepContext, performStep } from './perform.ts'
import { type MirrorPlan, type MirrorStep, planSteps } from './plan.ts'
import { type SideScan, type SkippedFile, type Stamp, sameStamp, scanTree, stampNow } from './scan.ts'
import { type AgreedEntry, type MirrorState, noteAgreement, writeMirrorState } from './state.ts'
import { mirrorStamp, pruneTrash } from './trash.ts'
import { type MirrorSide, SIDES, type SideTree, foldersAbove, sameEntry } from './tree.ts'
import { makeVersion } from './versions.ts'

export interface MirrorPlace {
  readonly roots: Roots
  /** This clone's folder for the mirror's state. */
  readonly folder: string
  readonly config: MirrorConfig
  /** Patterns of files that are mirrored another way, such as live databases. */
  readonly leftOut: readonly string[]
  readonly nowMs: () => number
  readonly progress: (text: string) => void
}

export interface MirrorRun {
  readonly prefer: MirrorSide | undefined
  /** Conflicts that a person ended by `prefer`: the loser goes to the trash. */
  readonly chosen?: ReadonlySet<string>
  readonly allowDeletes: number
  /** Called between any two changes of a disk. */
  readonly between?: (point: string) => void
}

const NONE_CHOSEN: ReadonlySet<string> = new Set()

export interface MirrorProblem {
  readonly path: string
  readonly message: string
}

/** What a run is about to do. */
export interface PlannedRun {
  readonly plan: MirrorPlan
  readonly scans: Readonly<Record<MirrorSide, SideScan>>
  readonly conflicts: readonly MirrorConflict[]
  /** What cannot be mirrored, by name. */
  readonly problems: readonly MirrorProblem[]
  readonly skipped: readonly SkippedFile[]
  /** Paths that stay as they are on both sides, with all below them. */
  readonly leftAlone: ReadonlySet<string>
  /** Why it must not be done without a person. */
  readonly guard: string | undefined
  readonly stamp: string
}

export interface DoneRun {
  readonly done: readonly MirrorStep[]
  readonly problems: readonly MirrorProblem[]
}

/** Reads both sides and plans. @throws UnreachableError, GuardError when a side is not there, or not the one that is meant */
export async function planRun(place: MirrorPlace, state: MirrorState, run: MirrorRun): Promise<PlannedRun> {
  await checkMarkers(place.roots, state.id)
  const scans = await readSides(place, state)
  // a disk that went away while it was read looks as if its files were deleted
  await checkMarkers(place.roots, state.id)
  const trees = { primary: scans.primary.tree, mirror: scans.mirror.tree }
  const problems = namesRefused(trees)
  const skipped = SIDES.flatMap((side) => scans[side].skipped)
  const leftAlone = new Set([...problems, ...skipped].map(({ path: name }) => name))
  const agreed: SideTree = without(state.agreed, leftAlone)
  for (const side of SIDES)
    for (const name of trees[side].keys()) if (isAmong(name, leftAlone)) trees[side].delete(name)
  const isCritical = picomatch([...place.config.critical], { dot: true })
  const stamp = mirrorStamp(place.nowMs())
  const decision: MirrorDecision = decide({
    ...trees,
    agreed,
    mode: place.config.mode,
    isCritical: (name) => place.config.critical.length > 0 && isCritical(name),
    prefer: run.prefer,
    chosen: run.chosen ?? NONE_CHOSEN,
    stamp: stamp.slice(0, '20261201-021500'.length),
  })
  const plan = planSteps(decision, trees)
  const guard = guardReason({ agreed, trees, plan, deletes: place.config.guard, allowed: run.allowDeletes })
  return { plan, scans, conflicts: decision.conflicts, problems, skipped, leftAlone, guard, stamp }
}

async function readSides(place: MirrorPlace, state: MirrorState): Promise<Record<MirrorSide, SideScan>> {
  const isExcluded = exclusions([...place.config.exclude, ...place.leftOut])
  const read = (side: MirrorSide): Promise<SideScan> =>
    scanTree(place.roots[side], {
      isExcluded,
      known: (name, stamp) => {
        const agreed = state.agreed.get(name)
        return sameStamp(agreed?.stamps[side], stamp) ? agreed : undefined
      },
      progress: (files) => place.progress(`reading the ${side}: ${files} files`),
    })
  return { primary: await read('primary'), mirror: await read('mirror') }
}

/** Names that one of the sides cannot have, or that would be one file there. */
function namesRefused(trees: Readonly<Record<MirrorSide, SideTree>>): MirrorProblem[] {
  if (process.platform === 'linux') return []
  const names = new Set([...trees.primary.keys(), ...trees.mirror.keys()])
  const colliding = collisions(names).map((name) => ({
    path: name,
    message: 'differs from another name only in case or in the form of its characters',
  }))
  if (process.platform !== 'win32') return colliding
  const unfit = [...names].flatMap((name) => {
    const message = windowsProblem(name)
    return message === undefined ? [] : [{ path: name, message }]
  })
  return [...colliding, ...unfit]
}

function without<Entry>(tree: ReadonlyMap<string, Entry>, names: ReadonlySet<string>): Map<string, Entry> {
  return new Map([...tree].filter(([name]) => !isAmong(name, names)))
}

/** True for these names and all below them. */
export function isAmong(name: string, names: ReadonlySet<string>): boolean {
  return names.size > 0 && (names.has(name) || foldersAbove(name).some((folder) => names.has(folder)))
}

/** Does what was planned. @throws GuardError before anything is changed */
export async function performRun(
  place: MirrorPlace,
  state: MirrorState,
  at: { readonly planned: PlannedRun; readonly run: MirrorRun },
): Promise<DoneRun> {
  const { planned, run } = at
  if (planned.guard !== undefined)
    throw new GuardError(`the mirror did nothing: ${planned.guard}`, {
      hint: 'Look at both sides; if it is meant: tandem mirror run --allow-deletes N. To unite both, deleting nothing: tandem mirror init.',
    })
  // a run that is killed after it has moved a loser aside must not be the last that knows of the conflict
  await noteConflicts(place, planned.conflicts)
  for (const side of SIDES)
    for (const name of planned.scans[side].leftovers) await rm(path.join(place.roots[side], name), { force: true })
  const performing: StepContext = {
    roots: place.roots,
    scans: planned.scans,
    stamp: planned.stamp,
    between: run.between ?? (() => undefined),
  }
  const problems: MirrorProblem[] = [...planned.problems]
  const agreeing: Agreeing = {
    place,
    state,
    planned,
    waiting: new Set(planned.plan.steps.map(keyOf)),
    changed: new Set(),
  }
  const done: MirrorStep[] = []
  const { steps } = planned.plan
  let next = 0
  while (next < steps.length) {
    const some = batchFrom(steps, next)
    next += some.length
    place.progress(`mirror: ${next} of ${steps.length}: ${some[0]?.path ?? ''}`)
    // before the steps: whoever is killed in one has said why
    await addEvents(
      place.folder,
      some.map((step) => eventOf(step, place, planned.stamp)),
    )
    const ends = await Promise.allSettled(some.map((step) => doStep(step, { performing, agreeing, done, problems })))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  await settle(agreeing, new Set(problems.map(({ path: name }) => name)))
  await finish(agreeing, { done, problems })
  return { done, problems }
}

/** Files copied at a time: most of the time of a small one is waiting for the disk. */
const AT_ONCE = 16

/** The next steps: copies do not depend on each other, of others it is one. */
function batchFrom(steps: readonly MirrorStep[], at: number): readonly MirrorStep[] {
  let end = at + 1
  while (end < steps.length && end - at < AT_ONCE && steps[at]?.kind === 'copy' && steps[end]?.kind === 'copy') end++
  return steps.slice(at, end)
}

interface Doing {
  readonly performing: StepContext
  readonly agreeing: Agreeing
  readonly done: MirrorStep[]
  readonly problems: MirrorProblem[]
}

async function doStep(step: MirrorStep, { performing, agreeing, done, problems }: Doing): Promise<void> {
  const { place, planned } = agreeing
  const message = await attempt(step, performing)
  if (message === undefined) {
    done.push(step)
    performing.between(`done: ${step.path}`)
    return agreeOn(step, agreeing)
  }
  problems.push({ path: step.path, message })
  await addEvents(place.folder, [{ ...eventOf(step, place, planned.stamp), reason: `not done: ${message}` }])
}

const keyOf = ({ side, path: name }: MirrorStep): string => `${side}/${name}`

function eventOf(step: MirrorStep, { nowMs }: MirrorPlace, stamp: string): MirrorEvent {
  const { side, kind, path: name, reason } = step
  const trashed = kind === 'trash' || (kind === 'copy' && step.before !== undefined)
  return {
    time: new Date(nowMs()).toISOString(),
    side,
    kind,
    path: name,
    from: 'from' in step ? step.from : undefined,
    reason,
    trash: trashed ? stamp : undefined,
  }
}

/** Does a step; answers why it was not done. @throws where no other step could be done either */
async function attempt(step: MirrorStep, performing: StepContext): Promise<string | undefined> {
  try {
    await performStep(step, performing)
    return undefined
  } catch (error) {
    if (error instanceof ChangedMeanwhile) return `${error.message}; left to the next run`
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || ['ENOSPC', 'EIO', 'EROFS'].includes(code)) throw error
    return (error as Error).message
  }
}

interface Agreeing {
  readonly place: MirrorPlace
  readonly state: MirrorState
  readonly planned: PlannedRun
  /** The steps that are still to be done, by side and path, and those that were. */
  readonly waiting: Set<string>
  readonly changed: Set<string>
}

/** Writes down that both sides hold the same under this path, once they do. */
async function agreeOn(step: MirrorStep, agreeing: Agreeing): Promise<void> {
  const { place, state, planned, waiting, changed } = agreeing
  const { path: name } = step
  waiting.delete(keyOf(step))
  changed.add(keyOf(step))
  if (SIDES.some((side) => waiting.has(`${side}/${name}`))) return
  const wanted = planned.plan.wanted.get(name)
  if (wanted === undefined) {
    // what is there nevertheless is new: a file of that moment, or a folder that has something of its own
    state.agreed.delete(name)
    return noteAgreement(place.folder, name, undefined)
  }
  const stamps: { [Side in MirrorSide]?: Stamp } = {}
  for (const side of SIDES) {
    const isOurs = changed.has(`${side}/${name}`)
    if (!isOurs && !sameEntry(planned.scans[side].tree.get(name), wanted.entry)) return
    const now = await stampNow(path.join(place.roots[side], name))
    if (now === undefined) return
    // what was written now has no stamp before the next run has read it: somebody may have changed it since it got its name
    if (!isOurs && sameStamp(planned.scans[side].stamps.get(name), now)) stamps[side] = now
  }
  const entry: AgreedEntry = { ...wanted.entry, stamps }
  state.agreed.set(name, entry)
  await noteAgreement(place.folder, name, entry)
}

/** Takes over what both sides held alike before the run, with the stamps by which it is known next time, and forgets what neither has. */
async function settle({ place, state, planned, changed }: Agreeing, failed: ReadonlySet<string>): Promise<void> {
  let isChanged = changed.size > 0
  const { primary, mirror } = planned.scans
  for (const [name, entry] of primary.tree) {
    if (changed.has(`primary/${name}`) || changed.has(`mirror/${name}`) || failed.has(name)) continue
    if (!sameEntry(entry, mirror.tree.get(name))) continue
    const before = state.agreed.get(name)
    const stamps = { primary: primary.stamps.get(name), mirror: mirror.stamps.get(name) }
    if (sameEntry(before, entry) && SIDES.every((side) => isSame(before?.stamps[side], stamps[side]))) continue
    state.agreed.set(name, { ...entry, stamps })
    isChanged = true
  }
  for (const name of state.agreed.keys()) {
    const isGone = !primary.tree.has(name) && !mirror.tree.has(name) && !planned.plan.wanted.has(name)
    if (!isGone || changed.has(`primary/${name}`) || isAmong(name, planned.leftAlone)) continue
    state.agreed.delete(name)
    isChanged = true
  }
  if (isChanged) await writeMirrorState(place.folder, state)
}

function isSame(a: Stamp | undefined, b: Stamp | undefined): boolean {
  return a === b || sameStamp(a, b)
}

/** Adds the conflicts of this run to those that wait; one without a loser's name is found again by every run. */
async function noteConflicts({ folder, nowMs }: MirrorPlace, conflicts: readonly MirrorConflict[]): Promise<void> {
  const before = await readConflicts(folder)
  if (conflicts.length === 0 && before.length === 0) return
  const time = new Date(nowMs()).toISOString()
  const waiting = before.filter(({ saved }) => saved !== undefined)
  await writeConflicts(folder, [...conflicts.map((conflict) => ({ ...conflict, time })), ...waiting])
}

/** Forgets the conflicts whose loser is nowhere any more. */
async function forgetEnded({ folder, roots }: MirrorPlace): Promise<void> {
  const before = await readConflicts(folder)
  const open: OpenConflict[] = []
  for (const conflict of before) {
    const { saved } = conflict
    const found = saved === undefined ? [] : SIDES.map((side) => stampNow(path.join(roots[side], saved)))
    const isThere = (await Promise.all(found)).some((each) => each !== undefined)
    if (saved === undefined || isThere) open.push(conflict)
  }
  if (open.length < before.length) await writeConflicts(folder, open)
}

/** Conflicts that still wait, the trash within its bounds, a version of the mirror where it changed. */
async function finish({ place, planned, state }: Agreeing, { done }: DoneRun): Promise<void> {
  const { roots, config, nowMs } = place
  await forgetEnded(place)
  for (const side of SIDES) await pruneTrash(roots[side], config.trash, nowMs())
  if (config.keepVersions > 0 && done.some(({ side }) => side === 'mirror'))
    await makeVersion(roots.mirror, state.agreed, { stamp: planned.stamp, keep: config.keepVersions })
}
