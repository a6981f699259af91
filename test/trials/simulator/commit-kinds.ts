/** The kinds of commits without a merge: a data commit of the tool, one that holds a record back, a code-only commit, an export edited by hand, a copy by a rebase. */
import type { RecordText } from '../../../src/model/canonical.ts'
import type { Commit } from './commits.ts'
import { edited, isAcceptance, written } from './events.ts'
import { commitTo, type Machine, type RecordWorld, stateOf, type World } from './world.ts'

type Text = RecordText | undefined

export const clockOf = (world: World, machine: Machine): number => world.now + machine.skew

const contentOf = (world: World, commit: number, record: RecordWorld): Text =>
  (world.graph.commits[commit] as Commit).contents[record.number]

/** Live is exported on top of `parent`; records of `held` stay as the parent's file has them. */
export function dataCommit(
  world: World,
  machine: Machine,
  { parent, kind, held = [] }: { parent: number | undefined; kind: string; held?: readonly number[] },
): number {
  const before = (record: RecordWorld): Text => (parent === undefined ? undefined : stateOf(record, parent))
  const file = (record: RecordWorld): Text => (parent === undefined ? undefined : contentOf(world, parent, record))
  const live = machine.live
  const isHeld = (record: RecordWorld): boolean => held.includes(record.number)
  const states = world.records.map(before)
  const accepts = world.records.map(
    (record) =>
      !isHeld(record) &&
      isAcceptance(record.log, { content: file(record), state: states[record.number], live: live[record.number] }),
  )
  const commit = {
    parents: parent === undefined ? [] : [parent],
    asset: machine.name,
    date: clockOf(world, machine),
    exportId: `${machine.name}-${world.graph.commits.length}`,
    kind,
    contents: world.records.map((record) => (isHeld(record) ? file(record) : live[record.number])),
    accepts,
    isSettled: world.believes && held.length === 0,
  }
  const index = commitTo(world, commit, (record, made) =>
    isHeld(record)
      ? undefined
      : edited(record.log, {
          commit: made,
          before: states[record.number],
          after: live[record.number],
          former: record.full.undeleted(commit.parents),
        }),
  )
  world.records.forEach((record) => isHeld(record) || judgeExport(world, record, { index, live: live[record.number] }))
  return index
}

/** An export says what live was; the rule must not read anything else out of it. */
function judgeExport(world: World, record: RecordWorld, made: { index: number; live: Text }): void {
  const state = stateOf(record, made.index)
  if (state === made.live || world.violations.some(({ law }) => law === 'an export is what live was')) return
  const message = `live was ${made.live ?? 'absent'}, the rule says ${state ?? 'absent'}`
  world.violations.push({ law: 'an export is what live was', record: record.number, commits: [made.index], message })
}

export interface FileCommit {
  readonly parent: number
  readonly kind: string
  readonly contents: readonly Text[]
  /** Copied from a data commit: what it was called, and its clock. */
  readonly copied?: Pick<Commit, 'asset' | 'exportId' | 'at'> | undefined
}

/** A commit whose files were not written by the tool on this parent. Code alone: the parent's files. */
export function fileCommit(world: World, machine: Machine, { parent, kind, contents, copied }: FileCommit): number {
  const states = world.records.map((record) => stateOf(record, parent))
  const since = (world.graph.commits[parent] as Commit).at
  const trusted = copied?.exportId !== undefined && copied.at > since
  const commit = {
    parents: [parent],
    asset: copied?.asset ?? machine.name,
    date: trusted ? copied.at : clockOf(world, machine),
    exportId: copied?.exportId,
    kind,
    contents,
    accepts: contents.map(() => false),
    isSettled: false,
  }
  return commitTo(world, commit, (record, made) => {
    const former = record.full.undeleted([parent])
    const writing = { commit: made, before: states[record.number], after: contents[record.number], former }
    return written(record.log, writing, contentOf(world, parent, record))
  })
}
