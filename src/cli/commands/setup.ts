/** `tandem setup`: everything that a fresh clone needs after a total loss. */
import { runBounded } from '../../io/bounded-child.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { type Command, type CommandContext, DRY_RUN } from '../command.ts'

export const setupCommand: Command = {
  usage: 'setup',
  describe: 'After git clone: init --yes, the missing tables with it, and mirror init where a mirror is configured',
  options: { 'dry-run': DRY_RUN },
  examples: [['git clone URL app && cd app && npx tandem setup', 'total loss: everything again from the remote']],
  run: runSetup,
}

const LIMIT_MS = 3_600_000

async function runSetup(context: CommandContext): Promise<number> {
  const { output, invocation } = context
  const { config } = await openWorkspace(invocation)
  const isMirrored = config.words.includes('mirror')
  const steps = [['init', '--create-schema', '--yes'], ...(isMirrored ? [['mirror', 'init', '--yes']] : [])]
  for (const step of steps) {
    output.say(`${invocation.dryRun ? 'would run ' : ''}tandem ${step.join(' ')}`)
    const code = invocation.dryRun ? 0 : await run(context, step)
    if (code === 0) continue
    if (output.json) output.value({ ok: false, steps, failed: step })
    return code
  }
  if (output.json) output.value({ ok: true, steps })
  return 0
}

/** A step's own exit code where it failed, after what it said. */
async function run({ starts, invocation, output }: CommandContext, step: readonly string[]): Promise<number> {
  const { directory: cwd, environment } = invocation
  const answer = await runBounded([...starts, ...step], { cwd, environment, limitMs: LIMIT_MS })
  for (const line of `${answer.stdout}${answer.stderr}`.split('\n').filter(Boolean)) output.say(`  ${line}`)
  return answer.code < 0 ? 1 : answer.code
}
