/** `tandem verify`: are live and the exports the same data, and are the exports whole? */
import { readHead } from '../../git/head.ts'
import { parseOnly } from '../../operations/sources.ts'
import { verify } from '../../operations/verify.ts'
import { ONLY, textOf, type Command, type CommandContext } from '../command.ts'

export const verifyCommand: Command = {
  usage: 'verify',
  describe: 'Compare digests of the databases and of the exports at HEAD; check every line of the exports',
  options: { only: ONLY },
  examples: [['tandem verify --json', 'digests for a monitor: equal data has equal digests on every machine']],
  run: runVerify,
}

async function runVerify(context: CommandContext): Promise<number> {
  const { args, output } = context
  const workspace = await context.workspace()
  const { commit } = await readHead(workspace.repository)
  const verdicts = await verify(workspace, { head: commit, only: parseOnly(textOf(args, 'only')) })
  const ok = verdicts.every((verdict) => verdict.ok)
  for (const { name, live, exports, problems } of verdicts) {
    output.say(
      `${name} live    ${live === undefined ? 'not read' : `${live.digest.slice(0, 16)} ${live.records} records`}`,
    )
    output.say(
      `${name} exports ${exports === undefined ? 'not read' : `${exports.digest.slice(0, 16)} ${exports.records} records`}`,
    )
    for (const problem of problems) output.say(`  ${problem.code}: ${problem.message}`)
  }
  if (output.json) {
    const sources = Object.fromEntries(verdicts.map(({ name, ...verdict }) => [name, verdict]))
    output.value({ ok, sources })
  }
  return ok ? 0 : gravest(verdicts.flatMap(({ problems }) => problems.map(({ code }) => code)))
}

const CODES: Readonly<Record<string, number>> = { damaged: 4, unreachable: 3, guard: 5, usage: 2 }

function gravest(codes: readonly string[]): number {
  return CODES[codes.find((code) => CODES[code] !== undefined) ?? ''] ?? 1
}
