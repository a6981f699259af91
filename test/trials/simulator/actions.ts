/** What happens in a history, one action at a time. An action that is not possible where it comes does nothing, so that any part of a plan is a plan too. */
import { type Commit, contains } from './commits.ts'
import { clockOf, dataCommit, fileCommit } from './commit-kinds.ts'
import { editLive, type Editing, type Habits } from './edits.ts'
import { type Manner, mergedBy } from './manual.ts'
import { isDirty, mergeCommit, reconcile } from './merging.ts'
import { randomOf } from './random.ts'
import { isOwn, rebase, squash } from './rebasing.ts'
import { type Machine, type RecordWorld, stateOf, type World } from './world.ts'

export const ACTIONS = [
  'edit',
  'export',
  'hold',
  'code',
  'hand',
  'accept',
  'fetch',
  'pull',
  'push',
  'rebase',
  'republish',
  'squash',
] as const

export interface Action {
  readonly kind: (typeof ACTIONS)[number]
  readonly machine: number
  readonly seed: number
  /** How a merge is made, where the action makes one. */
  readonly manner: Manner
}

export interface Happening {
  readonly world: World
  readonly machine: Machine
  readonly editing: Editing
  readonly manner: Manner
}

/** Performs one action; time goes on. */
export function perform(world: World, action: Action, setting: { habits: Habits; serial: () => number }): void {
  const random = randomOf(action.seed)
  const machine = world.machines[action.machine] as Machine
  world.now += random.integer(1, 5) * 1000
  const [record] = world.records
  if (record === undefined) return
  const editing = { shape: record.shape, ...setting, random, now: clockOf(world, machine) }
  PERFORM[action.kind]({ world, machine, editing, manner: action.manner })
}

const PERFORM: Readonly<Record<Action['kind'], (happening: Happening) => void>> = {
  edit: ({ world, machine, editing }) => {
    const record = editing.random.integer(0, world.records.length - 1)
    machine.live[record] = editLive(machine.live[record], editing)
  },
  export: ({ world, machine }) => exportLive(world, machine),
  hold: (happening) => hold(happening),
  code: ({ world, machine }) => {
    const { contents } = world.graph.commits[machine.head] as Commit
    machine.head = fileCommit(world, machine, { parent: machine.head, kind: 'code', contents })
    reconcile(world, machine)
  },
  hand: (happening) => editByHand(happening),
  accept: (happening) => accept(happening),
  fetch: ({ world, machine, editing }) => fetch(world, machine, editing.random.integer(0, world.machines.length - 1)),
  pull: (happening) => pull(happening),
  push: ({ world, machine }) => push(world, machine),
  rebase: (happening) => pullRebase(happening, isOwn),
  republish: (happening) => pullRebase(happening, () => true),
  squash: ({ world, machine }) => squash(world, machine),
}

/** Publishes live, with what stands on no branch yet; no commit when nothing is new. */
export function exportLive(world: World, machine: Machine): void {
  const { contents } = world.graph.commits[machine.sync] as Commit
  const isNew = world.records.some((record) => machine.live[record.number] !== contents[record.number])
  if (isNew || world.records.some((record) => isDirty(machine, record))) {
    machine.sync = dataCommit(world, machine, { parent: machine.sync, kind: 'export' })
  }
  machine.head = machine.sync
}

/** An export that leaves one record as the file has it. */
function hold({ world, machine, editing }: Happening): void {
  const held = [editing.random.integer(0, world.records.length - 1)]
  machine.sync = dataCommit(world, machine, { parent: machine.sync, kind: `export without record ${held[0]}`, held })
  machine.head = machine.sync
}

/** Someone edits an export file and commits it. */
function editByHand({ world, machine, editing }: Happening): void {
  const contents = [...(world.graph.commits[machine.head] as Commit).contents]
  const record = editing.random.integer(0, contents.length - 1)
  contents[record] = editLive(contents[record], editing)
  machine.head = fileCommit(world, machine, { parent: machine.head, kind: 'hand edit', contents })
  reconcile(world, machine)
}

/** What a merge dropped is taken as it is. */
function accept({ world, machine }: Happening): void {
  const { contents } = world.graph.commits[machine.sync] as Commit
  const pending = (record: RecordWorld): boolean => contents[record.number] !== stateOf(record, machine.sync)
  if (!world.records.some(pending)) return
  for (const record of world.records) if (pending(record)) machine.live[record.number] = contents[record.number]
  exportLive(world, machine)
}

function fetch(world: World, machine: Machine, from: number): void {
  if (world.machines[from] === machine && world.remote === undefined) return
  machine.seen[from] = world.remote ?? (world.machines[from] as Machine).head
}

/** The branch a machine merges with: the remote's as last fetched, or another machine's. */
function upstreamOf(world: World, machine: Machine, from: number): number | undefined {
  return world.remote === undefined ? machine.seen[from] : Math.max(...machine.seen)
}

function pull({ world, machine, editing, manner }: Happening): void {
  const from = editing.random.integer(0, world.machines.length - 1)
  if (editing.random.chance(70)) fetch(world, machine, from)
  const upstream = upstreamOf(world, machine, from)
  if (upstream === undefined || contains(world.graph, machine.head, upstream)) return
  if (contains(world.graph, upstream, machine.head)) machine.head = upstream
  else {
    const write = (_: RecordWorld, sides: Parameters<typeof mergedBy>[1]): string | undefined =>
      mergedBy(manner, sides, editing)
    machine.head = mergeCommit(world, machine, { ours: machine.head, theirs: upstream, kind: `${manner} merge`, write })
  }
  reconcile(world, machine)
}

function pullRebase({ world, machine, editing }: Happening, isCopyable: typeof isOwn): void {
  const from = editing.random.integer(0, world.machines.length - 1)
  if (editing.random.chance(70)) fetch(world, machine, from)
  const upstream = upstreamOf(world, machine, from)
  if (upstream !== undefined) rebase(world, machine, { upstream, isCopyable })
}

function push(world: World, machine: Machine): void {
  if (world.remote === undefined || !contains(world.graph, machine.head, world.remote)) return
  world.remote = machine.head
}
