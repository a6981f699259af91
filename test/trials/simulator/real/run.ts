/** Runs real histories one by one and tells of each that went wrong. */
import { seedOf } from '../random.ts'
import { liveThrough, type RealOutcome } from './history.ts'
import { ITEMS, makeTemplate, type Template } from './machines.ts'

export interface RealRun {
  readonly seed: number
  /** The first history, counted from 0: one that went wrong can be had again alone. */
  readonly from: number
  readonly histories: number
  readonly onEnd: (outcome: RealOutcome, index: number) => void
}

/** Two machines in two of three histories, else three; answers how many histories went wrong. */
export async function runReal({ seed, from, histories, onEnd }: RealRun): Promise<number> {
  const templates = new Map<number, Promise<Template>>()
  let wrong = 0
  try {
    for (let i = from; i < from + histories; i++) {
      const count = i % 3 === 2 ? 3 : 2
      const template = templates.get(count) ?? makeTemplate(count, ITEMS)
      templates.set(count, template)
      const outcome = await liveThrough(await template, seedOf(seed, i), count)
      if (outcome.problems.length > 0) wrong++
      onEnd(outcome, i)
    }
  } finally {
    for (const template of templates.values()) await (await template).remove()
  }
  return wrong
}
