/** `npm run simulate`: tries the merge rule on random histories and prints which laws were broken, with the smallest reproduction it can find. Exit code 1 if any was. */
import { parseArgs } from 'node:util'
import { LAWS, type Law } from './laws.ts'
import { APART, type Mixture, MIXTURES, type Plan } from './plan.ts'
import { reproduce } from './reproduction.ts'
import { runReal } from './real/run.ts'
import { RULES } from './rules.ts'
import { type Tally, tally } from './run.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import type { RuleMaker } from './world.ts'

const HELP = `npm run simulate -- [options]
  --histories N   how many (default 20000)
  --seed S        where to start (default: the time); the same seed gives the same histories
  --assets A..B   how many machines take part (default 2..5)
  --mixture NAME  ${Object.keys(MIXTURES).join(' | ')} (default all)
                  apart, with violations: ${Object.keys(APART).join(' | ')}
  --real N        instead: so many histories with real git, the built program and SQLite (first: npm run build)
  --from K        with --real: begin with history K of the seed (default 0)
  --rule NAME     ${Object.keys(RULES).join(' | ')} (default program): others show that the laws bite`

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    assets: { type: 'string' },
    mixture: { type: 'string', default: 'all' },
    rule: { type: 'string', default: 'program' },
    real: { type: 'string' },
    from: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (values.help) say(HELP)
else if (values.real === undefined) run()
else await real(Number(values.real))

async function real(histories: number): Promise<void> {
  const seed = Number(values.seed)
  say(`${histories} real histories, seed ${seed}`)
  const start = Date.now()
  const wrong = await runReal({
    seed,
    from: Number(values.from),
    histories,
    onEnd: ({ problems, story }, index) => {
      if (problems.length > 0) say(`\nhistory ${index}\n${story.join('\n')}\n${problems.join('\n')}`)
      else progress(index + 1)
    },
  })
  say(
    `\n${wrong} of ${histories} histories went wrong; ${((Date.now() - start) / 1000 / histories).toFixed(1)} seconds each`,
  )
  process.exitCode = wrong > 0 ? 1 : 0
}

function run(): void {
  const named = MIXTURES[values.mixture] ?? APART[values.mixture]
  const rule = RULES[values.rule]
  if (named === undefined || rule === undefined) throw new Error(HELP)
  const mixture = { ...named, machines: assetsOf(values.assets) ?? named.machines }
  const [seed, histories] = [Number(values.seed), Number(values.histories)]
  say(`${histories} histories, seed ${seed}, mixture ${values.mixture}, rule ${values.rule}`)
  const counted = tally({
    seed,
    histories,
    mixture,
    rule,
    onFirst: (law, plan) => explain(law, plan, rule),
    onProgress: progress,
  })
  printTable(counted, histories)
  process.exitCode = counted.wrong > 0 ? 1 : 0
}

function assetsOf(text: string | undefined): Mixture['machines'] | undefined {
  if (text === undefined) return undefined
  const [least, most] = text.split('..').map(Number)
  return [least ?? 2, most ?? least ?? 5]
}

function progress(done: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} `)
  else if (done % 10_000 === 0) process.stderr.write(`${done}\n`)
}

function explain(law: Law, plan: Plan, rule: RuleMaker): void {
  const small = shrink(plan, law, rule)
  const violation = simulate(small, rule).violations.find((each) => each.law === law)
  if (violation !== undefined) say(`\n${reproduce(small, violation, rule)}`)
}

function printTable({ broken, wrong, merges, commits, drops, seconds }: Tally, histories: number): void {
  say('\nhistories that broke it | law')
  for (const law of LAWS) say(`${String(broken[law]).padStart(23)} | ${law}`)
  say(
    `\n${wrong} of ${histories} histories broke a law; ${merges} merges, ${drops} of them dropped something, ${commits} commits`,
  )
  say(`${Math.round(histories / seconds)} histories a second of processor time`)
}
