/** Takes apart the SQL texts of SQLite's catalogue, as far as no PRAGMA tells: the expressions and the condition of an index, and the definition of a column. */

/** A token that is no space and no comment. */
export interface SqlToken {
  /** Position in the text. */
  readonly start: number
  readonly end: number
  /** As it is written. */
  readonly text: string
  /** The name that it may be, without quotes; undefined for numbers, punctuation and texts in single quotes. */
  readonly name: string | undefined
}

const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|'(?:[^']|'')*'|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|\d[\w.]*|[\s\S]/gu

/** The tokens of an SQL text, in their order. */
export function tokensOf(sql: string): SqlToken[] {
  return [...sql.matchAll(TOKEN)].flatMap((match): SqlToken[] => {
    const [text] = match
    if (/^(?:\s|--|\/\*)/.test(text)) return []
    const { quoted, word } = match.groups ?? {}
    const name = quoted === undefined ? word : unquoted(quoted)
    return [{ start: match.index, end: match.index + text.length, text, name }]
  })
}

function unquoted(quoted: string): string {
  const quote = quoted.at(-1) ?? ''
  return quoted.slice(1, -1).replaceAll(quote + quote, quote)
}

/** The list in the first parentheses, and what follows them. */
interface List {
  /** The tokens of each item. */
  readonly items: readonly (readonly SqlToken[])[]
  /** The position behind the closing parenthesis. */
  readonly end: number
}

function firstList(tokens: readonly SqlToken[]): List {
  const items: SqlToken[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (token.text === ')') depth--
    if (depth === 0 && token.text === ')') return { items, end: token.end }
    if (depth === 1 && token.text === ',') items.push([])
    else if (depth > 0) items.at(-1)?.push(token)
    if (token.text === '(') depth++
  }
  return { items, end: tokens.at(-1)?.end ?? 0 }
}

/** What an index compares: an expression for each of its parts, and the condition of a partial one. */
export interface IndexParts {
  readonly expressions: readonly string[]
  readonly where: string | undefined
}

/** The parts of a CREATE INDEX statement. */
export function indexParts(sql: string): IndexParts {
  const tokens = tokensOf(sql)
  const { items, end } = firstList(tokens)
  const expressions = items.map((item) => {
    const last = item.at(-1)
    const isOrder = item.length > 1 && /^(?:asc|desc)$/i.test(last?.text ?? '')
    return sql.slice(item[0]?.start, isOrder ? item.at(-2)?.end : last?.end)
  })
  const [where] = tokens.filter(({ start }) => start >= end)
  return { expressions, where: where === undefined ? undefined : sql.slice(where.end, tokens.at(-1)?.end) }
}

/** The text without comments, and with all blanks, quotes and names written one way: what means the same is mostly equal then. */
export function plainSql(sql: string): string {
  return tokensOf(sql)
    .map(({ text, name }) => name?.toLowerCase() ?? text)
    .join(' ')
}

/** Those of the names that occur in an SQL text, without regard to case. */
export function namesIn(sql: string, names: readonly string[]): string[] {
  const found = new Set(tokensOf(sql).flatMap(({ name }) => (name === undefined ? [] : [name.toLowerCase()])))
  return names.filter((name) => found.has(name.toLowerCase()))
}

/** The definition of a column in a CREATE TABLE statement, behind its name; empty where there is none. */
export function columnDefinition(sql: string, column: string): string {
  const item = firstList(tokensOf(sql)).items.find(([first]) => first?.name?.toLowerCase() === column.toLowerCase())
  return item === undefined ? '' : sql.slice(item[0]?.end, item.at(-1)?.end)
}
