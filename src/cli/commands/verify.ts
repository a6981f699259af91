/** `tandem verify`: checks whether live and the exports are the same data, and whether the exports are undamaged. */
import { readHead } from '../../git/head.ts'
import { knownCopies } from '../../operations/copies.ts'
import { verify } from '../../operations/verify.ts'
import { copiesLines } from '../../report/copies.ts'
import { counted } from '../../report/counted.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, ONLY, textOf } from '../command.ts'

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
  for (const { name, live, exports, problems, partlyReadSince } of verdicts) {
    output.say(
      `${name} live    ${live === undefined ? 'not read' : `${live.digest.slice(0, 16)} ${counted(live.records, 'record')}`}`,
    )
    output.say(
      `${name} exports ${exports === undefined ? 'not read' : `${exports.digest.slice(0, 16)} ${counted(exports.records, 'record')}`}`,
    )
    for (const problem of problems) output.say(`  ${problem.code}: ${problem.message}`)
    if (partlyReadSince !== undefined)
      output.say(
        `  all was read now; pushes read what was written since ${partlyReadSince}, and everything once a week`,
      )
  }
  const copies = await knownCopies(workspace)
  if (copies !== undefined) for (const line of copiesLines(copies)) output.say(line)
  if (output.json) {
    const sources = Object.fromEntries(verdicts.map(({ name, ...verdict }) => [name, verdict]))
    output.value({ ok, sources, ...(copies !== undefined && { copies }) })
  }
  return ok ? 0 : gravest(verdicts.flatMap(({ problems }) => problems.map(({ code }) => code)))
}

const CODES: Readonly<Record<string, number>> = { damaged: 4, unreachable: 3, guard: 5, usage: 2 }

function gravest(codes: readonly string[]): number {
  return CODES[codes.find((code) => CODES[code] !== undefined) ?? ''] ?? 1
}
