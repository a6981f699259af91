/** Rules and stamps for merge tests: the plain case, overridden by what a test is about. */
import type { MergeRules, WriterStamp } from '../../../src/model/rules.ts'
import type { Side } from '../../../src/model/side.ts'
import { plainRules } from '../../../src/conflicts/three-way.ts'
import { mergeRecord, type RecordInput } from '../../../src/merge/record.ts'
import { type RecordOutcome } from '../../../src/merge/history/sides.ts'

export function rulesWith(overrides: Partial<MergeRules> = {}): MergeRules {
  return { ...plainRules({ collection: 'traders', key: ['id'], order: 'sorted' }), ...overrides }
}

/** Asset-1 writes ours, asset-2 writes theirs; both at the same moment unless told otherwise. */
export function stampsWith(
  ours: Partial<WriterStamp> = {},
  theirs: Partial<WriterStamp> = {},
): Record<Side, WriterStamp> {
  const writer = { since: 1_000, at: 2_000_000_000_000 }
  return { ours: { asset: 'asset-1', ...writer, ...ours }, theirs: { asset: 'asset-2', ...writer, ...theirs } }
}

export function merge(input: Partial<RecordInput>): RecordOutcome {
  return mergeRecord({
    key: '[1]',
    base: undefined,
    ours: undefined,
    theirs: undefined,
    rules: rulesWith(),
    stamps: stampsWith(),
    ...input,
  })
}

export function mergedText(outcome: RecordOutcome): string | undefined {
  if (outcome.kind !== 'merged') throw new Error('expected a merged record, got a collision')
  return outcome.text
}
