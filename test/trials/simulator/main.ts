/** `npm run simulate`: tries the merge rule on random histories and prints which laws were broken, with the smallest reproduction it can find. Exit code 1 if any was. */
import { readOptions, type Values, WHOLE } from '../options.ts'
import { LAWS, type Law } from './laws.ts'
import { APART, type Mixture, MIXTURES, type Plan } from './plan.ts'
import { reproduce } from './reproduction.ts'
import { runReal } from './real/run.ts'
import { RULES } from './rules.ts'
import { type Tally, tally } from './run.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import type { RuleMaker } from './world.ts'

const OPTIONS = {
  histories: { value: 'N', words: 'how many', default: '20000', form: WHOLE },
  seed: {
    value: 'S',
    words: 'where to start; the same seed gives the same histories; without it, by the time',
    form: WHOLE,
  },
  assets: { value: 'A..B', words: 'how many machines take part; without it 2..5', form: /^\d+(\.\.\d+)?$/ },
  mixture: {
    value: 'NAME',
    words: `what happens in them (with violations: ${Object.keys(APART).join(', ')})`,
    among: [...Object.keys(MIXTURES), ...Object.keys(APART)],
    default: 'all',
  },
  rule: {
    value: 'NAME',
    words: 'others than the program’s show that the laws bite',
    among: Object.keys(RULES),
    default: 'program',
  },
  real: {
    value: 'N',
    words: 'instead: so many histories with real git, the built program and SQLite (first: npm run build)',
    form: WHOLE,
  },
  from: { value: 'K', words: 'with --real: begin with history K of the seed', default: '0', form: WHOLE },
} as const

type Wanted = Values<typeof OPTIONS>

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const wanted = readOptions('simulate', OPTIONS)
if (wanted !== undefined) {
  const seed = Number(wanted.seed ?? Date.now() % 1_000_000)
  if (wanted.real === undefined) run(seed, wanted)
  else await real(seed, Number(wanted.real), Number(wanted.from))
}

async function real(seed: number, histories: number, from: number): Promise<void> {
  say(`${histories} real histories, seed ${seed}`)
  const start = Date.now()
  const wrong = await runReal({
    seed,
    from,
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

function run(seed: number, values: Wanted): void {
  const named = (MIXTURES[values.mixture] ?? APART[values.mixture]) as Mixture
  const rule = RULES[values.rule] as RuleMaker
  const mixture = { ...named, machines: assetsOf(values.assets) ?? named.machines }
  const histories = Number(values.histories)
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
