/** A broken law as a person can follow it: the commits, what their files say, what was done, and what the rule made of it. */
import { type Commit, contains } from './commits.ts'
import type { Violation } from './laws.ts'
import { operationsIn } from './log.ts'
import type { Plan } from './plan.ts'
import { simulate } from './simulate.ts'
import { type RecordWorld, type RuleMaker, stateOf, type World } from './world.ts'

/** The history of a plan in words, up to the commits of the violation. */
export function reproduce(plan: Plan, violation: Violation, maker: RuleMaker): string {
  const { world } = simulate(plan, maker)
  const record = world.records[violation.record] as RecordWorld
  const concerned = world.graph.commits.filter(({ index }) =>
    violation.commits.some((commit) => contains(world.graph, commit, index)),
  )
  const { newest, critical, arrays, counters } = plan.rules
  return [
    `${violation.law}: ${violation.message} (${violation.commits.map((commit) => `c${commit}`).join(', ')})`,
    `seed ${plan.seed}, record ${violation.record}, rules ${JSON.stringify({ newest, critical, arrays, counters })}`,
    ...concerned.map((commit) => lineOf(world, record, commit)),
  ].join('\n')
}

function lineOf(_: World, record: RecordWorld, commit: Commit): string {
  const { index, parents, since, at, asset, kind, accepts, isSettled, contents } = commit
  const [content, state] = [contents[record.number], stateOf(record, index)]
  const [operation] = operationsIn(record.log, [index]).filter((one) => one.commit === index)
  const wrote =
    operation === undefined
      ? 'nothing'
      : operation.kind === 'delete'
        ? 'delete'
        : [...operation.written]
            .map((register) => `${record.shape.names[register]}=${operation.after[register] ?? '-'}`)
            .join(' ')
  const said = content === state ? '' : `\n      file  ${content ?? '-'}`
  const flags = `${accepts[record.number] === true ? ' accepts' : ''}${isSettled ? ' settled' : ''}`
  return `  c${index} [${parents.map((parent) => `c${parent}`).join(' ')}] ${kind} by ${asset} (${since % 10_000_000}, ${at % 10_000_000}]${flags}: ${wrote}\n      state ${state ?? '-'}${said}`
}
