/** Which documents an index holds: all, those that have a field of it (`sparse`), or those that a `partialFilterExpression` describes. */
import stableStringify from 'fast-json-stable-stringify'
import type { Document, IndexDescriptionInfo } from 'mongodb'
import { type RecordText, stringText } from '../../model/canonical.ts'
import { comparedAt } from './compared-value.ts'

export interface IndexCondition {
  readonly holds: (record: RecordText) => boolean
  /** The fields of a partial index's condition. */
  readonly paths: readonly string[]
  /** The condition for a query; empty where the index holds every document. */
  readonly filter: Document
  /** Equal for indexes that hold the same documents. */
  readonly text: string
}

/** The index's condition; undefined where it has operators that only the server can evaluate. */
export function conditionOf(index: IndexDescriptionInfo): IndexCondition | undefined {
  const expression = index['partialFilterExpression']
  if (expression === undefined) {
    const paths = Object.keys(index.key)
    const holds = (record: RecordText): boolean =>
      index['sparse'] !== true || paths.some((path) => comparedAt(record, path) !== 'null')
    return { holds, paths: [], filter: {}, text: index['sparse'] === true ? 'sparse' : '' }
  }
  const tests = Object.entries(expression).map(([path, wanted]) => testOf(path, wanted))
  if (tests.includes(undefined)) return undefined
  const holds = (record: RecordText): boolean => tests.every((test) => test?.(record) === true)
  return { holds, paths: Object.keys(expression), filter: expression, text: stableStringify(expression) }
}

type Test = (record: RecordText) => boolean

/** `{a: 1}`, `{a: {$eq: 1}}` and `{a: {$exists: true}}`. */
function testOf(path: string, wanted: unknown): Test | undefined {
  if (path.startsWith('$')) return undefined
  const literal = literalText(wanted)
  if (literal !== undefined) return (record) => comparedAt(record, path) === literal
  if (typeof wanted !== 'object' || wanted === null) return undefined
  const [[operator, operand] = [], ...more] = Object.entries(wanted)
  if (more.length > 0) return undefined
  if (operator === '$eq') return testOf(path, operand)
  if (operator !== '$exists' || operand !== true) return undefined
  // a null that is there is rare, and the server then refuses what was taken for free
  return (record) => comparedAt(record, path) !== 'null'
}

function literalText(wanted: unknown): string | undefined {
  if (typeof wanted === 'string') return stringText(wanted)
  if (typeof wanted === 'boolean') return String(wanted)
  return typeof wanted === 'number' ? comparedAt(`{"a":{"$numberDouble":"${wanted}"}}`, 'a') : undefined
}
