/** Reads a report's JSON back, for `tandem report show`. A report comes out of the repository, so it is checked like every file of others. */
import { type RecordText, splitArray, splitObject, type ValueText } from '../model/canonical.ts'
import type { Decision, DecisionKind, DecisionRule } from '../model/decision.ts'
import { DamagedError } from '../model/errors.ts'
import type { CollectionCounts, HeldCollection, MergeReport, MergeStatus } from './report.ts'

type Fields = ReadonlyMap<string, ValueText>

/**
 * The report a JSON text holds, value texts as they are written there; what `reportJson` wrote comes back the same.
 * @param path names the file in messages
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

function readReport(fields: Fields): MergeReport {
  const version = fields.get('version')
  if (version !== '1')
    throw new SyntaxError(`version ${version ?? 'is missing'}, expected 1 (newer ones need a newer tandem)`)
  const status = textOf(fields, 'status')
  if (!isStatus(status)) throw new SyntaxError('status is none of SUCCESS, HELD, FAILED')
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
  return text === 'SUCCESS' || text === 'HELD' || text === 'FAILED'
}

function readCounts(text: RecordText): CollectionCounts {
  const fields = splitObject(text)
  return {
    oursOnly: countOf(fields, 'oursOnly'),
    theirsOnly: countOf(fields, 'theirsOnly'),
    common: countOf(fields, 'common'),
    changed: countOf(fields, 'changed'),
    conflicts: countOf(fields, 'conflicts'),
    result: countOf(fields, 'result'),
    before: countOf(fields, 'before'),
    after: countOf(fields, 'after'),
  }
}

function readHeld(text: RecordText): HeldCollection {
  const fields = splitObject(text)
  return { collection: textOf(fields, 'collection'), reason: textOf(fields, 'reason') }
}

/** Kinds and rules are names; ones this version does not know are shown as they are. */
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

function needed(fields: Fields, name: string): ValueText {
  const value = fields.get(name)
  if (value === undefined) throw new SyntaxError(`${name} is missing`)
  return value
}

function textOf(fields: Fields, name: string): string {
  const value: unknown = JSON.parse(needed(fields, name))
  if (typeof value !== 'string') throw new SyntaxError(`${name} is no text`)
  return value
}

function nameOf(fields: Fields, name: string): string {
  const value = textOf(fields, name)
  if (!/^[a-z-]{1,40}$/.test(value)) throw new SyntaxError(`${name} is no name of letters and hyphens`)
  return value
}

function countOf(fields: Fields, name: string): number {
  const value = Number(needed(fields, name))
  if (!Number.isSafeInteger(value) || value < 0) throw new SyntaxError(`${name} is no count`)
  return value
}
