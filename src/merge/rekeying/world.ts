/** What re-keying looks at: the collections around a collision, what the merge made of them, and the lines of history on which two records took one key. Plain data. */
import { arrayText, splitObject, type KeyText, type RecordText, type ValueText } from '../../model/canonical.ts'
import type { Change } from '../../model/change.ts'
import type { Reference } from '../../model/collection.ts'
import type { MergeRules } from '../../model/rules.ts'

export type Records = ReadonlyMap<KeyText, RecordText>

/** Live's record that lost its key to HEAD's. */
export interface MovedRecord {
  readonly key: KeyText
  readonly record: RecordText
  /** On which line HEAD's record came: a position in `World.lines`. */
  readonly line: number
}

/** The key under which HEAD has a record already that loses its key here, and what it was when it was added, under that key. */
export interface Given {
  readonly key: KeyText
  readonly record: RecordText
}

/** One collection that holds a collision, or refers to one that does, however far. */
export interface WorldCollection {
  readonly rules: MergeRules
  /** Declared ones, and those that the configuration names. */
  readonly references: readonly Reference[]
  readonly live: Records
  /** HEAD's records. */
  readonly head: Records
  /** What the merge of this collection does to live, by key. */
  readonly changes: ReadonlyMap<KeyText, Change>
  readonly moved: readonly MovedRecord[]
  /** Records of live that may lose their key, and got another from another machine. */
  readonly given: ReadonlyMap<KeyText, Given>
}

/** Where two lines of history parted, and the line that live does not come from: a child that only live's side has refers to live's parent. */
export interface Line {
  readonly base: ReadonlyMap<string, Records>
  readonly theirs: ReadonlyMap<string, Records>
}

export interface World {
  readonly collections: ReadonlyMap<string, WorldCollection>
  readonly lines: readonly Line[]
}

/** The values of several fields as one text, to be compared; undefined when one is absent or null. `5` and `"5"`, of columns of different types, are one. */
export function tupleOf(record: RecordText | undefined, fields: readonly string[]): string | undefined {
  if (record === undefined) return undefined
  const known = splitObject(record)
  const values = fields.map((name) => known.get(name) ?? 'null')
  return values.includes('null') ? undefined : arrayText(values.map(plainNumber))
}

function plainNumber(value: ValueText): ValueText {
  return /^"(-?(?:0|[1-9]\d*))"$/.exec(value)?.[1] ?? value
}
