/** What a trigger of SQLite writes, read from its text: the catalogue has nothing else (https://www.sqlite.org/lang_createtrigger.html). */
import { tokensOf } from './sql-parts.ts'

/** A statement of a trigger's body that writes. */
export interface TriggerWrite {
  /** The table, in lower case: SQLite compares names so. */
  readonly table: string
  /** The columns that an UPDATE sets, in lower case; undefined for INSERT, REPLACE and DELETE. */
  readonly columns: readonly string[] | undefined
}

export interface TriggerText {
  /** It fires for some rows only. */
  readonly conditional: boolean
  readonly writes: readonly TriggerWrite[]
}

/** A name or keyword in lower case, or a sign. A quoted name is never a keyword. */
interface TriggerToken {
  readonly text: string
  readonly quoted: boolean
}

/** Reads the whole `CREATE TRIGGER` statement. */
export function readTriggerText(sql: string): TriggerText {
  const tokens = wordsOf(sql)
  const begin = tokens.findIndex((token) => isWord(token, 'begin'))
  const head = tokens.slice(0, Math.max(begin, 0))
  return {
    conditional: head.some((token) => isWord(token, 'when')),
    writes: statementsOf(tokens.slice(begin + 1)).flatMap((statement) => writeOf(statement) ?? []),
  }
}

function wordsOf(sql: string): TriggerToken[] {
  return tokensOf(sql)
    .filter(({ text }) => !text.startsWith("'"))
    .map(({ text, name }) => ({ text: (name ?? text).toLowerCase(), quoted: name !== undefined && name !== text }))
}

function isWord(token: TriggerToken | undefined, word: string): boolean {
  return token !== undefined && !token.quoted && token.text === word
}

function statementsOf(body: readonly TriggerToken[]): TriggerToken[][] {
  const statements: TriggerToken[][] = [[]]
  for (const token of body) {
    if (isWord(token, ';')) statements.push([])
    else statements.at(-1)?.push(token)
  }
  return statements
}

/** A body allows INSERT, REPLACE, UPDATE, DELETE and SELECT, with bare names of tables of its own schema. */
function writeOf(statement: readonly TriggerToken[]): TriggerWrite | undefined {
  const [verb] = statement
  const isUpdate = isWord(verb, 'update')
  if (!isUpdate && !['insert', 'replace', 'delete'].some((word) => isWord(verb, word))) return undefined
  const into = isUpdate
    ? isWord(statement[1], 'or')
      ? 3
      : 1
    : statement.findIndex((token) => isWord(token, isWord(verb, 'delete') ? 'from' : 'into')) + 1
  const table = statement[into]?.text
  if (table === undefined) return undefined
  return { table, columns: isUpdate ? assigned(statement.slice(into + 1)) : undefined }
}

/** The columns between SET and WHERE or FROM; of a list in brackets, all. */
function assigned(tokens: readonly TriggerToken[]): string[] {
  const columns: string[] = []
  let depth = 0
  let isTarget = false
  for (const token of tokens) {
    if (depth === 0 && (isWord(token, 'where') || isWord(token, 'from'))) break
    if (isWord(token, '(')) depth++
    else if (isWord(token, ')')) depth--
    else if (isWord(token, '=') && depth === 0) isTarget = false
    else if (depth === 0 && (isWord(token, 'set') || isWord(token, ','))) isTarget = true
    else if (isTarget && !isWord(token, ',')) columns.push(token.text)
  }
  return columns
}
