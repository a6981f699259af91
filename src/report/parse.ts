/** Reads a report's JSON, for `tandem report show`. Others may have written the file, so everything in it is checked. */
import { type FieldValues, type RecordText, type ValueText, splitArray, splitObject } from '../model/canonical.ts'
import type { Decision, DecisionKind, DecisionRule } from '../model/decision.ts'
import { DamagedError } from '../model/errors.ts'
import type { CollectionCounts, HeldCollection, MergeReport, MergeStatus } from './report.ts'

/**
 * The report in a JSON text. Values keep the text that they have there, so a report written by `reportJson` is read back unchanged.
 * @param path where the file is, for messages
 * @throws DamagedError when the text is no report, or one of a newer version
 */
export function parseReport(text: string, path: string): MergeReport {
  try {
    JSON.parse(text)
    return readReport(splitObject(text))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const hint = 'Take the file from the commit that added it: git log --follow shows it.'
    throw new DamagedError({ path }, `not a merge report: ${error.message}`, { hint, cause: error })
  }
}

/** The report, or what is wrong with the text. */
export function reportOrDamage(text: string, path: string): MergeReport | DamagedError {
  try {
    return parseReport(text, path)
  } catch (error) {
    if (error instanceof DamagedError) return error
    throw error
  }
}

function readReport(fields: FieldValues): MergeReport {
  const version = fields.get('version')
  if (version !== '1')
    throw new SyntaxError(`version ${version ?? 'is missing'}, expected 1 (newer ones need a newer tandem)`)
  const status = textOf(fields, 'status')
  if (!isStatus(status)) throw new SyntaxError('status is none of SUCCESS, PARTIAL, HELD, FAILED')
  return {
    version: 1,
    source: textOf(fields, 'source'),
    database: textOf(fields, 'database'),
    asset: textOf(fields, 'asset'),
    time: textOf(fields, 'time'),
    base: fields.get('base') === 'null' ? undefined : textOf(fields, 'base'),
    ours: textOf(fields, 'ours'),
    theirs: textOf(fields, 'theirs'),
    ...(fields.has('oursAt') ? { oursAt: textOf(fields, 'oursAt') } : {}),
    ...(fields.has('theirsAt') ? { theirsAt: textOf(fields, 'theirsAt') } : {}),
    status,
    collections: Object.fromEntries(
      [...splitObject(needed(fields, 'collections'))].map(([name, counts]) => [name, readCounts(counts)]),
    ),
    held: splitArray(needed(fields, 'held')).map(readHeld),
    decisions: splitArray(needed(fields, 'decisions')).map(readDecision),
  }
}

function isStatus(text: string): text is MergeStatus {
  return text === 'SUCCESS' || text === 'PARTIAL' || text === 'HELD' || text === 'FAILED'
}

function readCounts(text: RecordText): CollectionCounts {
  const fields = splitObject(text)
  return {
    oursOnly: countAt(fields, 'oursOnly'),
    theirsOnly: countAt(fields, 'theirsOnly'),
    common: countAt(fields, 'common'),
    changed: countAt(fields, 'changed'),
    conflicts: countAt(fields, 'conflicts'),
    result: countAt(fields, 'result'),
    before: countAt(fields, 'before'),
    after: countAt(fields, 'after'),
  }
}

function readHeld(text: RecordText): HeldCollection {
  const fields = splitObject(text)
  return { collection: textOf(fields, 'collection'), reason: textOf(fields, 'reason') }
}

/** A decision. Kinds and rules that this version does not know are kept, and later shown as they are written. */
function readDecision(text: RecordText): Decision {
  const fields = splitObject(text)
  const key = needed(fields, 'key')
  splitArray(key)
  return {
    collection: textOf(fields, 'collection'),
    key,
    field: fields.has('field') ? textOf(fields, 'field') : undefined,
    kind: nameOf(fields, 'kind') as DecisionKind,
    base: fields.get('base'),
    ours: fields.get('ours'),
    theirs: fields.get('theirs'),
    chosen: fields.get('chosen'),
    rule: nameOf(fields, 'rule') as DecisionRule,
    ...(fields.has('addedBy') ? { addedBy: textOf(fields, 'addedBy') } : {}),
  }
}

function needed(fields: FieldValues, name: string): ValueText {
  const value = fields.get(name)
  if (value === undefined) throw new SyntaxError(`${name} is missing`)
  return value
}

function textOf(fields: FieldValues, name: string): string {
  const value: unknown = JSON.parse(needed(fields, name))
  if (typeof value !== 'string') throw new SyntaxError(`${name} is no text`)
  return value
}

function nameOf(fields: FieldValues, name: string): string {
  const value = textOf(fields, name)
  if (!/^[a-z-]{1,40}$/.test(value)) throw new SyntaxError(`${name} is no name of letters and hyphens`)
  return value
}

function countAt(fields: FieldValues, name: string): number {
  const value = Number(needed(fields, name))
  if (!Number.isSafeInteger(value) || value < 0) throw new SyntaxError(`${name} is no count`)
  return value
}
