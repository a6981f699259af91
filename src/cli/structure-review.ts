/** Shows the statements that would change a structure, and asks whether to run them. For `apply --apply-schema` and `init --create-schema`. */
import { GuardError } from '../model/errors.ts'
import type { StructurePlan } from '../schema/plan-additions.ts'
import type { StructureReview } from '../schema/review.ts'
import type { CommandContext } from './command.ts'

/** A review, and what it showed. */
export interface Reviewing {
  readonly review: StructureReview
  /** The statements and refusals shown so far, by source, for `--json`. */
  readonly shown: () => Readonly<Record<string, unknown>>
}

/** A review at the terminal. A dry run and `--yes` agree without asking. The review throws GuardError where nobody can be asked. */
export function reviewing(context: CommandContext): Reviewing {
  const plans: StructurePlan[] = []
  const { args, invocation, output } = context
  const { ask } = context.input
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
