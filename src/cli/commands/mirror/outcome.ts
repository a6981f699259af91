/** A run of the mirror in words and as JSON. */
import type { MirrorOutcome } from '../../../operations/mirror/run.ts'
import type { MirrorStep } from '../../../mirror/plan.ts'
import { counted } from '../../../report/counted.ts'
import type { Output } from '../../output.ts'

const MARKS: Readonly<Record<MirrorStep['kind'], string>> = {
  copy: '+',
  move: '>',
  aside: '>',
  trash: '-',
  'make-folder': '+',
  'remove-folder': '-',
}

const SHOWN = 50

/** What was done, or would be, and what waits for a person. */
export function sayOutcome(output: Output, { planned, done, problems, open }: MirrorOutcome): void {
  const steps = done?.done ?? planned.plan.steps
  for (const step of steps.slice(0, SHOWN)) {
    const from = 'from' in step ? `${step.from} ` : ''
    output.say(`${step.side} ${MARKS[step.kind]} ${from}${step.path}: ${step.reason}`)
  }
  if (steps.length > SHOWN) output.say(`… and ${steps.length - SHOWN} more; tandem mirror log`)
  for (const { path, reason } of planned.skipped) output.note(`${path} ${reason}; it is left out`)
  for (const { path, message } of problems) output.note(`${path}: ${message}`)
  const conflicts = done === undefined ? [...open, ...planned.conflicts] : open
  for (const { path, saved } of conflicts)
    output.note(
      saved === undefined
        ? `${path} was changed on both sides, which stay as they are: tandem mirror resolve ${path} --keep primary|mirror`
        : `${path} was changed on both sides; the other one is ${saved}: tandem mirror resolve ${path} --keep current|saved`,
    )
  if (planned.guard !== undefined) output.note(`a run would do nothing: ${planned.guard}`)
  const verb = done === undefined ? 'would be done' : 'done'
  output.say(steps.length === 0 ? 'both sides are alike' : `${counted(steps.length, 'step')} ${verb}`)
}

/** 1: something waits for a person. */
export function codeOf({ problems, open, planned }: MirrorOutcome): number {
  return problems.length > 0 || open.length > 0 || planned.guard !== undefined ? 1 : 0
}

export function jsonOf(outcome: MirrorOutcome): Readonly<Record<string, unknown>> {
  const { planned, done, problems, open } = outcome
  return {
    ok: codeOf(outcome) === 0,
    steps: (done?.done ?? planned.plan.steps).map((step) => ({
      side: step.side,
      kind: step.kind,
      path: step.path,
      from: 'from' in step ? step.from : undefined,
      reason: step.reason,
    })),
    conflicts: done === undefined ? [...open, ...planned.conflicts] : open,
    problems,
    skipped: planned.skipped,
    guard: planned.guard,
  }
}
