/** Records that no rule can place. They are removed from live and from the exports and kept in `exports/quarantine/<source>/<collection>.jsonl` until a person decides. Never dropped. */
import type { KeyText, RecordText } from './canonical.ts'

/** One quarantined record. `key` and `record` are what they were when it was quarantined; `reason` is a sentence for people, the same on every machine that merges the same commits. */
export interface Quarantined {
  readonly collection: string
  readonly key: KeyText
  readonly record: RecordText
  readonly reason: string
}
