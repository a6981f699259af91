/** The records of a collection: key → canonical text. */
import type { KeyText, RecordText } from './canonical.ts'

export type Records = ReadonlyMap<KeyText, RecordText>
