/** The three-way merge of records files, for git's merge driver, `tandem merge-file` and `tandem resolve`. It works on texts alone, without git or a database. */
import { headerText } from '../format/header.ts'
import { type RecordsFile, parseRecordsFile, recordsFileText } from '../format/records-file.ts'
import { type MergedCollection, mergeCollection } from '../merge/collection.ts'
import { withFilledIn } from '../merge/new-fields.ts'
import { parseTimestamp } from '../merge/values/timestamp.ts'
import type { KeyText, RecordText } from '../model/canonical.ts'
import { documentFields } from '../model/documents.ts'
import { DamagedError } from '../model/errors.ts'
import type { MergeRules, WriterStamp } from '../model/rules.ts'

/** The text of one side, and its path for messages. An empty text has no records. */
export interface NamedText {
  readonly path: string
  readonly text: string
}

export interface FileMerge extends MergedCollection {
  /** The text of the merged file; empty when all three texts are. */
  readonly text: string
}

export interface FileMergeOptions {
  readonly base: NamedText
  readonly ours: NamedText
  readonly theirs: NamedText
  /** Returns the rules for the header that the sides agree on. Called once. */
  readonly rulesFor: (header: RecordsFile['header']) => MergeRules
  /** Fields that a migration added on both sides since the base. */
  readonly newFields?: readonly string[]
  /** Returns, for the rules, who wrote each record last on each side. */
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
  const [stampsOf, empty] = [options.stamps(rules), new Map<KeyText, RecordText>()]
  const sides = {
    base: files[0]?.records ?? empty,
    ours: files[1]?.records ?? empty,
    theirs: files[2]?.records ?? empty,
  }
  const filled = withFilledIn(sides, options.newFields ?? [])
  const merge = mergeCollection({ ...sides, base: filled, rules, stampsOf })
  return { ...merge, text: recordsFileText(header, merge.merged) }
}

const NOTHING: MergedCollection = {
  merged: new Map(),
  changes: [],
  decisions: [],
  collisions: [],
  counts: { oursOnly: 0, theirsOnly: 0, common: 0, changed: 0, conflicts: 0, result: 0 },
}

/** The stamps for a merge without history: the time in each record's own `newest` field, or the oldest possible one. */
export function recordTimes(
  ours: ReadonlyMap<KeyText, RecordText>,
  theirs: ReadonlyMap<KeyText, RecordText>,
): (rules: MergeRules) => (key: KeyText) => { readonly ours: WriterStamp; readonly theirs: WriterStamp } {
  return (rules) => (key) => ({ ours: timeOf(ours.get(key), rules), theirs: timeOf(theirs.get(key), rules) })
}

/** The stamp from a record's own time. */
function timeOf(record: RecordText | undefined, rules: MergeRules): WriterStamp {
  const fields = record === undefined || rules.newest === undefined ? undefined : documentFields(record)
  const micros = parseTimestamp(fields?.get(rules.newest ?? ''), rules.zone)
  const at = micros === undefined ? 1 : Math.max(1, Math.ceil(Number(micros) / 1000))
  return { asset: '', since: at - 1, at }
}

/** The rules for a file whose collection is not configured: everything at its default. */
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
