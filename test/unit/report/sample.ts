/** A report with every kind of thing in it, for the golden files and the round trip. */
import type { Decision } from '../../../src/model/decision.ts'
import type { CollectionCounts, MergeReport } from '../../../src/report/report.ts'

export function countsWith(overrides: Partial<CollectionCounts> = {}): CollectionCounts {
  const none = { oursOnly: 0, theirsOnly: 0, common: 0, changed: 0, conflicts: 0, result: 0, before: 0, after: 0 }
  return { ...none, ...overrides }
}

export function decisionWith(overrides: Partial<Decision> = {}): Decision {
  return {
    collection: 'pnl_data',
    key: '[7]',
    field: 'name',
    kind: 'edit-edit',
    base: '"Ann"',
    ours: '"Anna"',
    theirs: '"Annie"',
    chosen: '"Annie"',
    rule: 'newest',
    ...overrides,
  }
}

export function reportWith(overrides: Partial<MergeReport> = {}): MergeReport {
  return {
    version: 1,
    source: 'app',
    database: 'telegram',
    asset: 'asset-1',
    time: '2024-01-15T10:30:45.123Z',
    base: '9f8e7d6',
    ours: 'live',
    theirs: '1a2b3c4',
    status: 'SUCCESS',
    collections: {},
    held: [],
    decisions: [],
    ...overrides,
  }
}

const story = (middle: string): string =>
  JSON.stringify(`First line\nsecond line\n${middle}\nfourth \`\`\`line\nfifth <b>line</b>\nsixth line\nseventh line`)

const sentence = (word: string): string =>
  JSON.stringify(
    `The account was opened in the first week of the year. Its owner is called ${word}. Nothing was ever withdrawn from it, and nobody asked.`,
  )

export const sample: MergeReport = reportWith({
  oursAt: 'refs/tandem/safety/app/20240115T103045Z',
  status: 'HELD',
  collections: {
    traders: countsWith({ common: 4, changed: 3, conflicts: 4, result: 4, before: 4, after: 4 }),
    pnl_data: countsWith({
      oursOnly: 3,
      theirsOnly: 5,
      common: 190,
      changed: 6,
      conflicts: 2,
      result: 198,
      before: 193,
      after: 198,
    }),
  },
  held: [
    { collection: 'sessions', reason: 'the table is gone here; run your migrations or `tandem forget app/sessions`' },
  ],
  decisions: [
    decisionWith(),
    decisionWith({
      field: 'profit_usd',
      base: '26.940',
      ours: '26.94',
      theirs: undefined,
      chosen: '26.94',
      rule: 'asset',
    }),
    decisionWith({
      key: '["a|b"]',
      field: '<x>',
      base: undefined,
      ours: '"<script>|`x`\\u001b[2J"',
      rule: 'bytes',
      kind: 'add-add',
    }),
    decisionWith({
      collection: 'traders',
      key: '[1]',
      field: 'story',
      base: story('third'),
      ours: story('3rd'),
      theirs: story('THIRD'),
      chosen: story('THIRD'),
    }),
    decisionWith({
      collection: 'traders',
      key: '[2]',
      field: 'note',
      base: sentence('Ann'),
      ours: sentence('Anna'),
      theirs: sentence('Annie'),
      chosen: sentence('Anna'),
      rule: 'most-complete',
    }),
    decisionWith({
      collection: 'traders',
      key: '[3]',
      field: undefined,
      kind: 'edit-delete',
      base: '{"id":3,"name":"Ann"}',
      ours: undefined,
      theirs: '{"id":3,"name":"Anna"}',
      chosen: '{"id":3,"name":"Anna"}',
      rule: 'keep',
    }),
    decisionWith({
      collection: 'traders',
      key: '[4]',
      field: 'wins',
      base: '5',
      ours: '6',
      theirs: '8',
      chosen: '9',
      rule: 'counter',
    }),
    decisionWith({
      collection: 'traders',
      key: '[191]',
      field: undefined,
      kind: 'key-collision',
      base: undefined,
      ours: '{"id":191,"name":"Ann","note":"a new trader that was added here while the other machine was on a journey without any network"}',
      theirs: '{"id":191,"name":"Bob","note":"another trader"}',
      chosen: '{"id":191,"name":"Bob","note":"another trader"}',
      rule: 'first-committed',
    }),
  ],
})
