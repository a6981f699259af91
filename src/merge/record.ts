/** The three-way merge of one record over a base, used where the history of the record is not known. Each side is treated as if one commit had made all its changes. */
import type { Sides } from '../model/side.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'
import { areTwoRecords } from './identity.ts'
import { type RecordOutcome, type RecordSide, type SidesInput, mergeSides } from './history/sides.ts'
import { type Versions, sameContent } from './versions.ts'
export type { RecordOutcome } from './history/sides.ts'

/** One record in its three versions. */
export interface RecordInput extends Versions {
  readonly key: KeyText
  readonly rules: MergeRules
  /** Who wrote each side, and in which interval of time. */
  readonly stamps: Sides<WriterStamp>
  /** True when two copies of one database are joined: a key then always stands for one record, whatever the rules say. */
  readonly join?: boolean
}

/**
 * Merges one record over its base. A side that differs from the base only in derived fields counts as unchanged.
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
  return mergeSides({ key, rules, base, sides, isAlive: true, added: addedOf(input) })
}

function addedOf({ base, ours, theirs, rules, stamps, join }: RecordInput): SidesInput['added'] {
  if (base !== undefined || join === true || ours === undefined || theirs === undefined) return undefined
  if (!areTwoRecords({ ours, theirs }, rules)) return undefined
  return { ours: { text: ours, writer: stamps.ours }, theirs: { text: theirs, writer: stamps.theirs } }
}
