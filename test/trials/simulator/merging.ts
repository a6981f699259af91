/** Merge commits, however they were made, and bringing a live database in step with a commit. */
import type { RecordText } from '../../../src/model/canonical.ts'
import { basesOf, type Commit, contains, regionOf } from './commits.ts'
import { clockOf, dataCommit } from './commit-kinds.ts'
import { decided } from './events.ts'
import { commitTo, type Machine, mergeOf, type RecordWorld, stateOf, type World } from './world.ts'

type Text = RecordText | undefined

/** What one record's file says after a merge. */
export type Writer = (
  record: RecordWorld,
  sides: { bases: readonly Text[]; ours: Text; theirs: Text; tool: Text },
) => Text

export interface MergeCommit {
  readonly ours: number
  readonly theirs: number
  readonly kind: string
  readonly write: Writer
  /** The commit says that it follows the rule. */
  readonly isSettled?: boolean
}

/** Adds a merge of two commits. */
export function mergeCommit(
  world: World,
  machine: Machine,
  { ours, theirs, kind, write, isSettled = false }: MergeCommit,
): number {
  const { commits } = world.graph
  const content = (commit: number, record: RecordWorld): Text => (commits[commit] as Commit).contents[record.number]
  const bases = basesOf(world.graph, ours, theirs)
  const tool = world.records.map((record) => mergeOf(world, record, ours, theirs))
  const contents = world.records.map((record) =>
    write(record, {
      bases: bases.map((base) => content(base, record)),
      ours: content(ours, record),
      theirs: content(theirs, record),
      tool: tool[record.number],
    }),
  )
  const states = world.records.map((record) => [stateOf(record, ours), stateOf(record, theirs)] as const)
  const made = {
    parents: [ours, theirs],
    asset: machine.name,
    date: clockOf(world, machine),
    exportId: undefined,
    kind,
    contents,
    accepts: contents.map(() => false),
    isSettled,
  }
  return commitTo(world, made, (record, commit) => {
    const [a, b] = states[record.number] as readonly [Text, Text]
    const [expected, after] = [tool[record.number], contents[record.number]]
    const parents = [
      { commit: ours, content: content(ours, record), state: a },
      { commit: theirs, content: content(theirs, record), state: b },
    ]
    const operation = decided(record.log, {
      commit,
      parents,
      expected,
      after,
      former: record.full.undeleted([ours, theirs]),
    })
    if (operation === undefined && expected !== after) world.drops++
    return operation
  })
}

/** A merge as the tool makes it. */
export function toolMerge(
  world: World,
  machine: Machine,
  sides: Pick<MergeCommit, 'ours' | 'theirs' | 'isSettled'>,
): number {
  return mergeCommit(world, machine, { ...sides, kind: 'tool merge', write: (_, { tool }) => tool })
}

/** Live holds more than what it was last in step with. */
export function isDirty(machine: Machine, record: RecordWorld): boolean {
  return machine.live[record.number] !== stateOf(record, machine.sync)
}

/**
 * Brings live in step with HEAD. Where HEAD's news touch a record that live edited, live is first written as a commit on what it had seen, so that nobody is
 * taken to have seen what it had not; that commit and its merge with HEAD stand on no branch until the next export.
 */
export function reconcile(world: World, machine: Machine): void {
  const { graph, records } = world
  if (contains(graph, machine.sync, machine.head)) return
  const region = regionOf(graph, [machine.head], [machine.sync])
  const touched = (record: RecordWorld): boolean => region.some((commit) => record.log.operations.has(commit))
  if (records.some((record) => isDirty(machine, record) && touched(record))) {
    machine.sync = dataCommit(world, machine, { parent: machine.sync, kind: 'live before a pull' })
  }
  const dirty = records.map((record) => isDirty(machine, record))
  machine.sync = contains(graph, machine.head, machine.sync)
    ? machine.head
    : toolMerge(world, machine, { ours: machine.sync, theirs: machine.head, isSettled: world.believes })
  machine.live = records.map((record) =>
    dirty[record.number] === true ? machine.live[record.number] : stateOf(record, machine.sync),
  )
}
