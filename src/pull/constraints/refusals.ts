/** The whole-record rule, where the database refuses what two sides make together: the winner's record is tried once as it is. Reads git only for such records. */
import { wholeWinner } from '../../merge/constraints/whole.ts'
import type { KeysByCollection } from '../../merge/constraints/withhold.ts'
import { sameContent } from '../../merge/versions.ts'
import { type KeyText, type RecordText, compareBytes } from '../../model/canonical.ts'
import type { Decision } from '../../model/decision.ts'
import type { Source } from '../../source/source.ts'
import type { Attempt, Attempts } from './attempts.ts'
import type { SoundSource } from './sound-source.ts'

/** What a database said of one record, and how often. */
export interface Refusal {
  readonly constraint: string
  readonly times: number
}

/** Collection → key → refusal. */
export type Refusals = ReadonlyMap<string, ReadonlyMap<KeyText, Refusal>>

interface RefusalsInput {
  readonly sound: SoundSource
  readonly refusals: Refusals
}

/** What becomes of the refused records: one made of both sides becomes the winner's, which is tried once; any other stays as it is here. */
export async function answerRefusals(
  source: Source,
  input: RefusalsInput,
  attempts: Attempts,
): Promise<{ readonly refused: KeysByCollection; readonly decisions: readonly Decision[] }> {
  const refused = new Map([...input.refusals.keys()].map((name) => [name, new Set<KeyText>()]))
  const decisions: Decision[] = []
  for (const [name, refusals] of input.refusals)
    for (const [key, { times }] of refusals) {
      const attempt = attempts.get(name)?.get(key)
      const whole = attempt === undefined ? undefined : await wholeRecord(source, input, { name, attempt })
      if (attempt === undefined) continue
      if (whole !== undefined) attempts.get(name)?.set(key, { ...attempt, meant: whole.chosen, after: whole.chosen })
      if (whole !== undefined) decisions.push(whole)
      if (whole === undefined || times > 1) refused.get(name)?.add(key)
    }
  return { refused, decisions }
}

/** The winner's record where two sides wrote it and what they make together is neither's: live and HEAD, or the lines of history that HEAD unites. */
async function wholeRecord(
  source: Source,
  { sound }: RefusalsInput,
  { name, attempt }: { readonly name: string; readonly attempt: Attempt },
): Promise<Decision | undefined> {
  const { key, before: live, after } = attempt
  const past = await sound.pastOf(name)
  if (past === undefined || after === undefined) return undefined
  const rules = source.rules(name)
  const isSame = (a: RecordText | undefined, b: RecordText | undefined): boolean => sameContent(a, b, rules)
  const [theirs, base] = [past.theirs.get(key), past.former.at(-1)?.get(key)]
  const wroteHere = live !== undefined && !isSame(live, past.former[0]?.get(key))
  const lines = wroteHere ? [live, theirs] : (await sound.linesOf(name)).map((records) => records.get(key))
  const versions = [...new Set(lines)].filter((text) => text !== undefined).filter((text) => !isSame(text, base))
  const [ours, other] = wroteHere ? versions : versions.toSorted(compareBytes)
  if (ours === undefined || other === undefined || versions.some((text) => isSame(text, after))) return undefined
  const stamps = {
    ours: wroteHere ? past.uncommitted : past.committed(key, ours),
    theirs: past.committed(key, other),
  }
  const { side, rule } = wholeWinner({ base, ours, theirs: other, rules, stamps })
  const chosen = side === 'ours' ? ours : other
  return { collection: name, key, field: undefined, kind: 'constraint', base, ours, theirs: other, chosen, rule }
}
