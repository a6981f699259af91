/** The statements that the demo runs on both SQL engines. These differ in the types of the table and in how a parameter is written. */
import { FIELDS } from './database.ts'
import type { Edits, Trader } from './traders.ts'

/** A statement, and the values of its parameters in order. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | number | null)[]
}

/** How an engine writes its n-th parameter, counted from 1. */
export type Parameter = (n: number) => string

/** The statements that make the edits, in order. */
export function statementsOf(edits: Edits, parameter: Parameter): Statement[] {
  return [
    ...edits.added.map((trader) => insert(trader, parameter)),
    ...[...edits.changed].map(([username, fields]) => update(username, fields, parameter)),
    ...edits.removed.map((username) => ({
      text: `DELETE FROM traders WHERE username = ${parameter(1)}`,
      values: [username],
    })),
  ]
}

/** The statement that selects the traders with these names, sorted by name. */
export function selectByName(usernames: readonly string[], parameter: Parameter): Statement {
  const list = usernames.map((_, i) => parameter(i + 1)).join(', ')
  return {
    text: `SELECT ${FIELDS.join(', ')} FROM traders WHERE username IN (${list}) ORDER BY username`,
    values: usernames,
  }
}

/** The trader of a row, or of a MongoDB document. Some client libraries return numbers as texts. */
export function traderOf(row: Readonly<Record<string, unknown>>): Trader {
  return {
    user_id: Number(row['user_id']),
    username: String(row['username']),
    timestamp: row['timestamp'] instanceof Date ? row['timestamp'].toISOString() : String(row['timestamp']),
    profit_usd: Number(row['profit_usd']),
    profit_sol: Number(row['profit_sol']),
    ticker: String(row['ticker']),
    wins: Number(row['wins']),
    note: typeof row['note'] === 'string' ? row['note'] : undefined,
  }
}

function insert(trader: Trader, parameter: Parameter): Statement {
  return {
    text: `INSERT INTO traders (${FIELDS.join(', ')}) VALUES (${FIELDS.map((_, i) => parameter(i + 1)).join(', ')})`,
    values: FIELDS.map((field) => trader[field] ?? null),
  }
}

function update(username: string, fields: Partial<Trader>, parameter: Parameter): Statement {
  const changes = Object.entries(fields)
  const set = changes.map(([name], i) => `${name} = ${parameter(i + 1)}`).join(', ')
  return {
    text: `UPDATE traders SET ${set} WHERE username = ${parameter(changes.length + 1)}`,
    values: [...changes.map(([, value]) => value ?? null), username],
  }
}
