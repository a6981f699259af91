/** One simulated world: the graph of commits, the records with their log, rule and oracle, and the machines. Commits are made here and judged as they are made. */
import type { RecordText } from '../../../src/model/canonical.ts'
import type { Decision } from '../../../src/model/decision.ts'
import type { RecordHistory } from '../../../src/model/history.ts'
import type { MergeRules } from '../../../src/model/rules.ts'
import { addCommit, type Graph, historyOf, nameOf, type NewCommit } from './commits.ts'
import { type FullForm, fullFormOf } from './full-form.ts'
import { judgeCommit, judgeMerge } from './judge.ts'
import type { Violation } from './laws.ts'
import type { Log, Operation } from './log.ts'
import type { Shape } from './registers.ts'

type Text = RecordText | undefined

/** What a rule under test must answer about one record. */
export interface Rule {
  state(id: string): Text
  merge(ours: string, theirs: string): { readonly text: Text; readonly decisions: readonly Decision[] }
}

/** Makes a rule for one record; rules that are right only here may look at the log and the full form. */
export type RuleMaker = (
  history: RecordHistory,
  rules: MergeRules,
  oracle: { readonly log: Log; readonly full: FullForm },
) => Rule

export interface RecordWorld {
  readonly number: number
  readonly shape: Shape
  readonly log: Log
  readonly rule: Rule
  readonly full: FullForm
  /** What the record was, by the operations that had been seen. */
  readonly known: Map<string, Text>
}

export interface Machine {
  readonly name: string
  /** How far its clock is off, in milliseconds. */
  readonly skew: number
  head: number
  /** What live was last brought in step with: `head`, or a commit on no branch that contains it. */
  sync: number
  live: Text[]
  /** Heads of the others, as last fetched. */
  readonly seen: number[]
}

export interface World {
  readonly graph: Graph
  readonly records: readonly RecordWorld[]
  readonly machines: readonly Machine[]
  /** Where the machines of a star meet; undefined when they pull from each other. */
  remote: number | undefined
  /** Whole exports are believed: their history need not be read. */
  believes: boolean
  now: number
  readonly violations: Violation[]
  merges: number
  drops: number
}

/** A world without commits. */
export function worldOf(
  maker: RuleMaker,
  rules: MergeRules,
  setting: { records: number; machines: readonly Machine[] },
): World {
  const graph: Graph = { commits: [] }
  const records = Array.from({ length: setting.records }, (_, number) => recordOf(graph, number, { maker, rules }))
  const { machines } = setting
  return { graph, records, machines, remote: undefined, believes: false, now: 0, violations: [], merges: 0, drops: 0 }
}

function recordOf(graph: Graph, number: number, made: { maker: RuleMaker; rules: MergeRules }): RecordWorld {
  const shape = shapes.get(made.rules) as Shape
  const log: Log = { graph, shape, operations: new Map() }
  const full = fullFormOf(log)
  const rule = made.maker(historyOf(graph, number), made.rules, { log, full })
  return { number, shape, log, rule, full, known: new Map() }
}

/** The shapes of rules, shared by all histories so that a record is taken apart once. */
export const shapes: Map<MergeRules, Shape> = new Map()

export const stateOf = (record: RecordWorld, commit: number): Text => record.rule.state(nameOf(commit))

/** Adds a commit; `operation` tells what it did to each record, asked once the commit stands. */
export function commitTo(
  world: World,
  made: NewCommit,
  operation: (record: RecordWorld, commit: number) => Operation | undefined,
): number {
  const index = addCommit(world.graph, made)
  for (const record of world.records) {
    const done = operation(record, index)
    if (done !== undefined) enter(record, done)
    judgeCommit(world, record, index)
  }
  return index
}

function enter(record: RecordWorld, operation: Operation): void {
  record.log.operations.set(operation.commit, operation)
  record.full.stamp(operation)
}

/** What the rule says two commits merge to, judged. */
export function mergeOf(world: World, record: RecordWorld, ours: number, theirs: number): Text {
  world.merges++
  return judgeMerge(world, record, ours, theirs)
}
