/** Validates a configuration against the published JSON Schema. Every error says where it is, what is wrong and what would be right. */
import type { ErrorObject, ValidateFunction } from 'ajv'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { ConfigOptions } from './config.ts'
import { nearestName } from './nearest.ts'

/** Names of options of later versions. They are refused, so that nobody believes they work already. */
const RESERVED = 'store where mask lfs timeouts'.split(' ')

/** One error, with the path of option names to it. */
export interface ConfigProblem {
  readonly path: readonly string[]
  readonly message: string
}

/** Raised whenever the schema changes, so that texts which an older program found valid are validated again. */
export const SCHEMA_VERSION = 6

let validate: ValidateFunction<ConfigOptions> | undefined

/** All errors of a parsed configuration; empty when it fits the schema, and then it is a `ConfigOptions`. */
export function schemaProblems(value: unknown): readonly ConfigProblem[] {
  validate ??= compile()
  if (validate(value)) return []
  return (validate.errors ?? []).filter(isOwnError).map(problemOf)
}

/** Set where esbuild bundles the program: it has compiled the schema then (esbuild.config.js), which takes ajv a fifth of a second. */
declare const SCHEMA_IS_COMPILED: boolean | undefined

function compile(): ValidateFunction<ConfigOptions> {
  const load = createRequire(import.meta.filename)
  if (typeof SCHEMA_IS_COMPILED !== 'undefined')
    return load(path.join(import.meta.dirname, '../cli/config-validator.js')) as ValidateFunction<ConfigOptions>
  const text = readFileSync(path.join(import.meta.dirname, '../../templates/config.schema.json'), 'utf8')
  const { Ajv } = load('ajv') as typeof import('ajv')
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: true })
  return ajv.compile<ConfigOptions>(JSON.parse(text) as object)
}

/** False for errors inside `anyOf` and `propertyNames`: ajv reports another error for the whole of those. */
function isOwnError(error: ErrorObject): boolean {
  return !/\/anyOf\/|\/propertyNames\//.test(error.schemaPath)
}

function problemOf(error: ErrorObject): ConfigProblem {
  const parent = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const unknown = params(error)['additionalProperty']
  if (typeof unknown === 'string') return { path: [...parent, unknown], message: unknownOption(unknown, error) }
  if (error.keyword === 'propertyNames') {
    const name = String(params(error)['propertyName'])
    return { path: [...parent, name], message: 'a source name is 1 to 64 letters, digits, _ and -' }
  }
  return { path: parent, message: messageOf(error) }
}

function unknownOption(name: string, error: ErrorObject): string {
  if (RESERVED.includes(name)) return 'is reserved for a later version and does nothing yet; take it out'
  const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object).filter(
    (option) => option !== '$schema',
  )
  const nearest = nearestName(name, known)
  return nearest === undefined
    ? `unknown option; known here: ${known.join(', ')}`
    : `unknown option; did you mean "${nearest}"?`
}

function messageOf(error: ErrorObject): string {
  switch (error.keyword) {
    case 'required':
      return `"${String(params(error)['missingProperty'])}" is missing`
    case 'enum':
      return `must be ${(params(error)['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(' or ')}`
    case 'type':
      return `must be ${typeWords(String(params(error)['type']))}${examples(error)}`
    case 'uniqueItems':
      return 'names the same twice'
    case 'minProperties':
      return 'must have at least one entry'
    case 'minItems':
      return 'must have at least one item'
    case 'pattern':
      return `has a form that is not allowed${globHint(error)}${examples(error)}`
    case 'anyOf':
      return `has a form that is not allowed${examples(error)}`
    default:
      return error.message ?? error.keyword
  }
}

function typeWords(type: string): string {
  const words: Record<string, string> = {
    string: 'a string',
    array: 'a list',
    object: 'an object',
    integer: 'a whole number',
  }
  return words[type] ?? type
}

function globHint(error: ErrorObject): string {
  return typeof error.data === 'string' && error.data.startsWith('!') ? ' (name what is left out in "exclude")' : ''
}

function examples(error: ErrorObject): string {
  const shown = (error.parentSchema?.['examples'] ?? []) as unknown[]
  return shown.length === 0 ? '' : `; for example ${shown.map((example) => JSON.stringify(example)).join(' or ')}`
}

function params(error: ErrorObject): Record<string, unknown> {
  return error.params as Record<string, unknown>
}
