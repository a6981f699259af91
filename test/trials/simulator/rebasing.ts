/** `git pull --rebase` of commits that nobody else has: each is copied onto the upstream branch, its lines merged with the parent it had as base. */
import type { RecordText } from '../../../src/model/canonical.ts'
import { mergeRecord } from '../../../src/merge/record.ts'
import { basesOf, type Commit, contains, regionOf } from './commits.ts'
import { fileCommit } from './commit-kinds.ts'
import { isDirty } from './merging.ts'
import { type Machine, type RecordWorld, stateOf, type World } from './world.ts'

type Text = RecordText | undefined

export interface Rebase {
  readonly upstream: number
  /** Whether a commit may be copied at all. */
  readonly isCopyable: (world: World, machine: Machine, index: number) => boolean
}

/** Rebases a machine's commits; nothing where that is not plainly possible. */
export function rebase(world: World, machine: Machine, { upstream, isCopyable }: Rebase): void {
  const { graph, records } = world
  if (machine.sync !== machine.head || records.some((record) => isDirty(machine, record))) return
  const chain = regionOf(graph, [machine.head], [upstream])
  if (chain.length === 0 || chain.length > 3 || contains(graph, machine.head, upstream)) return
  const copyable = (index: number): boolean =>
    (graph.commits[index] as Commit).parents.length === 1 && isCopyable(world, machine, index)
  if (!chain.every(copyable)) return
  machine.head = chain.reduce((onto, index) => copy(world, machine, { index, onto }), upstream)
  machine.sync = machine.head
  machine.live = records.map((record) => stateOf(record, machine.head))
}

/** Nobody else holds the commit. */
export function isOwn(world: World, machine: Machine, index: number): boolean {
  const others = world.machines.filter((other) => other !== machine)
  const held = others.flatMap((other) => [other.head, other.sync, ...other.seen])
  if (world.remote !== undefined) held.push(world.remote)
  return !held.some((commit) => contains(world.graph, commit, index))
}

function copy(world: World, machine: Machine, { index, onto }: { index: number; onto: number }): number {
  const commit = world.graph.commits[index] as Commit
  const parent = world.graph.commits[commit.parents[0] as number] as Commit
  const target = world.graph.commits[onto] as Commit
  const contents = world.records.map((record) => replay(record, [parent, target, commit]))
  const became = contents.every((text, record) => text === target.contents[record])
  if (became && commit.exportId !== undefined) return onto
  return fileCommit(world, machine, {
    parent: onto,
    kind: `copy of c${index} (${commit.kind})`,
    contents,
    copied: commit,
  })
}

/** Git's merge of lines, and where it conflicts the driver, which knows no history then: ours is upstream, theirs the copied commit. */
function replay(record: RecordWorld, [base, ours, theirs]: readonly [Commit, Commit, Commit]): Text {
  const [b, o, t] = [base, ours, theirs].map(({ contents }) => contents[record.number])
  if (o === t || b === t) return o
  if (b === o) return t
  const stamps = { ours, theirs }
  const merged = mergeRecord({ key: '["1"]', base: b, ours: o, theirs: t, rules: record.shape.rules, stamps })
  return merged.kind === 'merged' ? merged.text : merged.kept
}

/** A host's button: what a machine's branch has beyond the remote's becomes one commit there, without trailers; the branch is used on. */
export function squash(world: World, machine: Machine): void {
  const { graph, remote } = world
  if (remote === undefined || contains(graph, machine.head, remote) || contains(graph, remote, machine.head)) return
  const [base, ours, theirs] = [basesOf(graph, remote, machine.head)[0] as number, remote, machine.head].map(
    (index) => graph.commits[index] as Commit,
  ) as [Commit, Commit, Commit]
  const contents = world.records.map((record) => replay(record, [base, ours, theirs]))
  world.remote = fileCommit(world, machine, { parent: remote, kind: `squash of c${machine.head}`, contents })
}
