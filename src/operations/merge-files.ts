/** The three-way merge of records files, wherever they come from: git's merge driver, `merge-file`, `resolve`. Texts in, text out; no database. */
import { recordsFileText, parseRecordsFile, type RecordsFile } from '../export/records-file.ts'
import { headerText } from '../export/header.ts'
import { mergeCollection, type MergedCollection } from '../merge/collection.ts'
import { withFilledIn } from '../merge/new-fields.ts'
import { parseTimestamp } from '../merge/timestamp.ts'
import { splitObject, type KeyText, type RecordText } from '../model/canonical.ts'
import { DamagedError } from '../model/errors.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'

/** One side's text and its name in messages; an empty text holds no records. */
export interface NamedText {
  readonly path: string
  readonly text: string
}

export interface FileMerge extends MergedCollection {
  /** The merged file; empty when no side had even a header. */
  readonly text: string
}

export interface FileMergeOptions {
  readonly base: NamedText
  readonly ours: NamedText
  readonly theirs: NamedText
  /** Called once, with the header that the sides agree on. */
  readonly rulesFor: (header: RecordsFile['header']) => MergeRules
  /** Fields that a migration brought to both sides since the base. */
  readonly newFields?: readonly string[]
  readonly stamps: (rules: MergeRules) => (key: KeyText) => { readonly ours: WriterStamp; readonly theirs: WriterStamp }
}

/**
 * Merges three records files.
 * @throws DamagedError when one is damaged, or their headers disagree (another collection, layout or bucket)
 */
export function mergeFiles(options: FileMergeOptions): FileMerge {
  const { base, ours, theirs } = options
  const files = [base, ours, theirs].map((side) =>
    side.text === '' ? undefined : parseRecordsFile(side.text, side.path),
  )
  const header = files.find((file) => file !== undefined)?.header
  if (header === undefined) return { text: '', ...NOTHING }
  for (const [i, file] of files.entries())
    if (file !== undefined && headerText(file.header) !== headerText(header))
      throw new DamagedError(
        { path: [base, ours, theirs][i]?.path ?? '', line: 1 },
        'its header disagrees with the other sides',
        {
          hint: 'Run: tandem resolve',
        },
      )
  const rules = options.rulesFor(header)
  const [none, empty] = [options.stamps(rules), new Map<KeyText, RecordText>()]
  const sides = {
    base: files[0]?.records ?? empty,
    ours: files[1]?.records ?? empty,
    theirs: files[2]?.records ?? empty,
  }
  const filled = withFilledIn(sides, options.newFields ?? [])
  const merge = mergeCollection({ ...sides, base: filled, rules, stampsOf: none })
  return { ...merge, text: recordsFileText(header, merge.merged) }
}

const NOTHING: MergedCollection = {
  merged: new Map(),
  changes: [],
  decisions: [],
  collisions: [],
  counts: { oursOnly: 0, theirsOnly: 0, common: 0, changed: 0, conflicts: 0, result: 0 },
}

/** Stamps where no history is at hand: each record's own time, or none. */
export function recordTimes(
  ours: ReadonlyMap<KeyText, RecordText>,
  theirs: ReadonlyMap<KeyText, RecordText>,
): (rules: MergeRules) => (key: KeyText) => { readonly ours: WriterStamp; readonly theirs: WriterStamp } {
  return (rules) => (key) => ({ ours: timeOf(ours.get(key), rules), theirs: timeOf(theirs.get(key), rules) })
}

function timeOf(record: RecordText | undefined, rules: MergeRules): WriterStamp {
  const fields = record === undefined || rules.newest === undefined ? undefined : splitObject(record)
  const micros = parseTimestamp(fields?.get(rules.newest ?? ''), rules.zone)
  const at = micros === undefined ? 1 : Math.max(1, Math.ceil(Number(micros) / 1000))
  return { asset: '', since: at - 1, at }
}

/** Rules for a file of a collection that no configuration names: its key is its identity. */
export function plainRules(header: Pick<RecordsFile['header'], 'collection' | 'key' | 'order'>): MergeRules {
  return {
    collection: header.collection,
    key: header.key,
    identity: undefined,
    newest: undefined,
    critical: [],
    arrays: {},
    counters: [],
    derived: [],
    zone: 'UTC',
    serialKey: false,
    order: header.order,
    jsonbFields: [],
  }
}
