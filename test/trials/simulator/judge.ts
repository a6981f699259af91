/** Holds what the rule says against the laws: once for each commit and once for each merge. */
import type { RecordText } from '../../../src/model/canonical.ts'
import type { Decision } from '../../../src/model/decision.ts'
import { contains, nameOf } from './commits.ts'
import { checkState, type Found, type Law } from './laws.ts'
import { operationsIn } from './log.ts'
import { unreported } from './losers.ts'
import { takeApart } from './registers.ts'
import type { RecordWorld, World } from './world.ts'

type Text = RecordText | undefined

/** Notes the first breach of each law in a history. */
export function note(world: World, record: RecordWorld, commits: readonly number[]): Found {
  return (law: Law, message: string) => {
    if (world.violations.some((known) => known.law === law)) return
    world.violations.push({ law, record: record.number, commits, message })
  }
}

/** The record in a new commit keeps every law. */
export function judgeCommit(world: World, record: RecordWorld, commit: number): void {
  const found = note(world, record, [commit])
  const state = record.rule.state(nameOf(commit))
  const operations = operationsIn(record.log, [commit])
  const seen = operations.map((operation) => operation.commit).join(' ')
  if (record.known.has(seen)) {
    const before = record.known.get(seen)
    if (before === state) return
    found('the same operations give the same record', `${before ?? 'absent'} became ${state ?? 'absent'}`)
  }
  record.known.set(seen, state)
  checkState(record.log, operations, { state, found })
  checkFullForm(record, commit, { state, found })
}

function checkFullForm(record: RecordWorld, commit: number, judged: { state: Text; found: Found }): void {
  const full = record.full.state([commit])
  const state = judged.state === undefined ? undefined : takeApart(judged.state, record.shape)
  if (full === undefined || state === undefined) return
  const { loose } = record.shape
  const wrong = full.findIndex((value, register) => !loose.has(register) && value !== state[register])
  if (wrong < 0) return
  const message = `${record.shape.names[wrong]} is ${state[wrong] ?? 'absent'}, not ${full[wrong] ?? 'absent'}`
  judged.found('looking at the difference of two histories is enough', message)
}

/** Merges two commits both ways round; returns what the first way gives. */
export function judgeMerge(world: World, record: RecordWorld, ours: number, theirs: number): Text {
  const found = note(world, record, [ours, theirs])
  const { text, decisions } = record.rule.merge(nameOf(ours), nameOf(theirs))
  const turned = record.rule.merge(nameOf(theirs), nameOf(ours))
  if (turned.text !== text) found('merging is symmetric', `${text ?? 'absent'} and ${turned.text ?? 'absent'}`)
  else if (printed(turned.decisions.map(turn)) !== printed(decisions))
    found('merging is symmetric', 'the decisions differ')
  const [a, b] = [record.rule.state(nameOf(ours)), record.rule.state(nameOf(theirs))]
  checkPast({ world, record, found }, [ours, theirs], text)
  if (record.shape.rules.serialKey) return text
  for (const loser of unreported(record.log, { ours, theirs, states: { ours: a, theirs: b }, text, decisions })) {
    found('every losing value is among the decisions', loser)
  }
  return text
}

function turn(decision: Decision): Decision {
  return { ...decision, ours: decision.theirs, theirs: decision.ours }
}

function printed(decisions: readonly Decision[]): string {
  return decisions
    .map(({ field, kind, base, ours, theirs, chosen, rule }) =>
      JSON.stringify([field, kind, base, ours, theirs, chosen, rule]),
    )
    .sort()
    .join('\n')
}

/** A commit merged with itself or with its past is itself. */
function checkPast(
  judged: { world: World; record: RecordWorld; found: Found },
  pair: readonly [number, number],
  text: Text,
): void {
  const { world, record, found } = judged
  const law = 'merging with oneself or the past changes nothing'
  for (const commit of pair) {
    const state = record.rule.state(nameOf(commit))
    if (record.rule.merge(nameOf(commit), nameOf(commit)).text !== state) found(law, `c${commit} with itself`)
  }
  const later = contains(world.graph, pair[0], pair[1])
    ? pair[0]
    : contains(world.graph, pair[1], pair[0])
      ? pair[1]
      : undefined
  if (later !== undefined && record.rule.state(nameOf(later)) !== text) found(law, `c${pair[0]} with c${pair[1]}`)
}
