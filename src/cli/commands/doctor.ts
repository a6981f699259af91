/** `tandem doctor`: checks whether machine, clone and databases are set up, and says what to do where they are not. */
import type { Check } from '../../operations/doctor/check.ts'
import { doctor } from '../../operations/doctor/doctor.ts'
import { counted } from '../../report/counted.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, ONLY, textOf } from '../command.ts'

export const doctorCommand: Command = {
  usage: 'doctor',
  describe: 'Check machine, clone and databases; every line that is not ok names the next step',
  options: {
    only: ONLY,
    schema: {
      type: 'boolean',
      describe: 'Also say what of the schema and its records would be published, lost or merged unexpectedly',
    },
  },
  examples: [
    ['tandem doctor', 'when something does not work, or after setting up a machine'],
    ['tandem doctor --json', 'exit code 1 when a check fails; warnings alone are 0'],
  ],
  run: runDoctor,
}

async function runDoctor(context: CommandContext): Promise<number> {
  const { invocation, output, args } = context
  const checks = await doctor(invocation, parseOnly(textOf(args, 'only')), args['schema'] === true)
  for (const check of checks) for (const line of wordsOf(check)) output.say(line)
  const failed = checks.filter(({ status }) => status === 'fail').length
  const warnings = checks.filter(({ status }) => status === 'warn').length
  output.say(`${checks.length} checks: ${failed} failed, ${counted(warnings, 'warning')}`)
  if (output.json) output.value({ ok: failed === 0, checks })
  return failed === 0 ? 0 : 1
}

function wordsOf({ name, status, message, hint }: Check): string[] {
  const line = `${status.padEnd(4)}  ${name}: ${message.replaceAll('\n', '; ')}`
  return status === 'ok' || hint === undefined ? [line] : [line, `      ${hint.replaceAll('\n', '\n      ')}`]
}
