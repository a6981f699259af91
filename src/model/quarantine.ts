/** Records that no rule can place: they leave live and exports for `exports/quarantine/<source>/<collection>.jsonl`, where they wait for a person. Never dropped. */
import type { KeyText, RecordText } from './canonical.ts'

/** One record that is set aside. `key` and `record` are what they were when it was; `reason` is a sentence for people, the same on every machine that decides alike. */
export interface Quarantined {
  readonly collection: string
  readonly key: KeyText
  readonly record: RecordText
  readonly reason: string
}
