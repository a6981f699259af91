/** What a command said with `--json`. */
import type { Answer } from './asset.ts'

/** The one JSON value of an answer's standard output, or the part of it to which these names lead. */
export function json(answer: Answer, ...names: readonly string[]): unknown {
  return names.reduce(
    (value, name) => (value as Readonly<Record<string, unknown>>)[name],
    JSON.parse(answer.stdout) as unknown,
  )
}
