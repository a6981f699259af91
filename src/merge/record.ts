/** The three-way merge of one record over a base: two lines of history of one commit each. What is merged where no history is known. */
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { areTwoRecords } from './identity.ts'
import { mergeSides, type RecordOutcome, type RecordSide } from './sides.ts'
import { type Side, sameContent, type Versions } from './versions.ts'

export type { RecordOutcome } from './sides.ts'

export interface RecordInput extends Versions {
  readonly key: KeyText
  readonly rules: MergeRules
  /** Who wrote each side, and when at the earliest and at the latest. */
  readonly stamps: Readonly<Record<Side, WriterStamp>>
  /** Joining two copies of one database: a key is always the identity, whatever the rules say. */
  readonly join?: boolean
}

/**
 * Merges one record over its base, by the table of who touched it, then fields, collisions and deletions. A derived field alone is no change.
 * @throws SyntaxError when a text is no JSON object
 */
export function mergeRecord(input: RecordInput): RecordOutcome {
  const { key, base, ours, theirs, rules, stamps } = input
  if (ours === theirs) return { kind: 'merged', text: ours, decisions: [] }
  const side = (text: RecordText | undefined, writer: WriterStamp): RecordSide => ({
    text,
    former: base,
    events: sameContent(base, text, rules) ? [] : [{ before: base, after: text, writer }],
  })
  const sides = { ours: side(ours, stamps.ours), theirs: side(theirs, stamps.theirs) }
  return mergeSides({ key, rules, base, ...sides, lives: true, added: addedOf(input) })
}

function addedOf({ base, ours, theirs, rules, stamps, join }: RecordInput): Parameters<typeof mergeSides>[0]['added'] {
  if (base !== undefined || join === true || ours === undefined || theirs === undefined) return undefined
  if (!areTwoRecords({ ours, theirs }, rules)) return undefined
  return { ours: { text: ours, writer: stamps.ours }, theirs: { text: theirs, writer: stamps.theirs } }
}
