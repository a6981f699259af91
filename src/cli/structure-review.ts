/** Shows the statements that would change a structure, and asks. Shared by `apply --apply-schema` and `init --create-schema`. */
import { GuardError } from '../model/errors.ts'
import type { StructureReview } from '../operations/apply-structure.ts'
import type { StructurePlan } from '../operations/plan-structure.ts'
import type { CommandContext } from './command.ts'

export interface Reviewing {
  readonly review: StructureReview
  /** What was shown, for `--json`. */
  readonly shown: () => Readonly<Record<string, unknown>>
}

/** A review at the terminal: a dry run only shows, `--yes` agrees, and where nobody can be asked nothing is made. */
export function reviewing(context: CommandContext): Reviewing {
  const plans: StructurePlan[] = []
  const { args, ask, invocation, output } = context
  return {
    shown: () => Object.fromEntries(plans.map((plan) => [plan.source, jsonOf(plan)])),
    review: async (plan) => {
      plans.push(plan)
      for (const line of wordsOf(plan)) output.say(line)
      if (plan.changes.length === 0) return false
      if (invocation.dryRun || args['yes'] === true) return true
      if (ask !== undefined) return /^y(es)?$/i.test((await ask('Make these changes? y or n (default): ')).trim())
      throw new GuardError(`source ${plan.source}: nobody is here to agree with the statements above`, {
        hint: 'Look at them with --dry-run, then give --yes.',
      })
    },
  }
}

const NOT_MADE =
  'Exports have no defaults, checks, triggers, views or indexes that are not unique, and no fields left out as credentials: what of these your program needs is still yours to make.'

function wordsOf({ source, changes, statements, refused }: StructurePlan): string[] {
  const lines = [...statements.ahead, ...statements.within].map((statement) => `  ${statement};`)
  return [
    ...(lines.length > 0 ? [`source ${source}: to be added to the structure`, ...lines] : []),
    ...(changes.some(({ kind }) => kind === 'create' || kind === 'add-field') ? [`  ${NOT_MADE}`] : []),
    ...[...refused].map(([name, reason]) => `${source}/${name} cannot be brought in step by additions: ${reason}`),
  ]
}

function jsonOf({ statements, refused }: StructurePlan): Readonly<Record<string, unknown>> {
  return { statements: [...statements.ahead, ...statements.within], refused: Object.fromEntries(refused) }
}
