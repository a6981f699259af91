/** New numbers for live's records that lost theirs to another machine's record. */
import { arrayText, objectText, splitObject, type KeyText } from '../model/canonical.ts'
import type { Change } from '../model/change.ts'
import type { Selection } from '../model/collection.ts'
import type { Decision } from '../model/decision.ts'
import type { LiveMerge } from './merge-live.ts'
import type { Source } from './source.ts'

/** What a dry run shows: taking numbers from a sequence would use them up. */
function likelyKeys({ rekeys, above }: LiveMerge): string[] {
  return rekeys.map((_, i) => String(above + BigInt(i) + 1n))
}

/** Gives live's records that lost their number the sequence's next ones, and says so in the decisions. Without a source (a dry run) no number is used up. */
export async function rekey(
  source: Source | undefined,
  selection: Selection,
  merge: LiveMerge,
): Promise<{ changes: Change[]; noted(decision: Decision): Decision }> {
  const { schema } = selection
  const [field] = schema.key
  if (merge.rekeys.length === 0 || field === undefined) return { changes: [], noted: (decision) => decision }
  const count = merge.rekeys.length
  const numbers = source === undefined ? likelyKeys(merge) : await source.adapter.nextKeys(schema, count, merge.above)
  const given = new Map<KeyText, string>()
  const changes = merge.rekeys.map(({ key, moved }, i): Change => {
    const number = numbers[i] as string
    given.set(key, number)
    const after = objectText([...splitObject(moved)].map(([name, value]) => [name, name === field ? number : value]))
    return { key: arrayText([number]), before: undefined, after }
  })
  return {
    changes,
    noted: (decision) =>
      decision.kind === 'key-collision' && given.has(decision.key)
        ? { ...decision, field, chosen: given.get(decision.key), rule: 'rekeyed' }
        : decision,
  }
}
