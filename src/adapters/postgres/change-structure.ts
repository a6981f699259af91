/** Makes additions to the structure: new labels of enumerations in a transaction of their own, the others inside the transaction of the plan, where the result is checked. */
import { UndoneError, UsageError } from '../../model/errors.ts'
import type { SchemaChange } from '../../model/schema-change.ts'
import { wronglyChanged } from '../structure-check.ts'
import type { Database } from './connect.ts'
import { describe } from './describe.ts'
import { codeOf } from './failure.ts'
import { type PgClient, writing } from './session.ts'
import { statementsFor } from './structure.ts'

/**
 * Adds and commits the new labels, because a label cannot be used in the transaction that adds it (https://www.postgresql.org/docs/current/sql-altertype.html).
 * A label that is there already is left as it is, so this may be repeated.
 * @throws UsageError with the statements an owner must run
 */
export async function addLabels(database: Database, changes: readonly SchemaChange[]): Promise<void> {
  const labels = changes.filter(({ kind }) => kind === 'add-label')
  if (labels.length === 0) return
  await writing(database, async (client) => {
    const { ahead } = await statementsFor(client, database, labels)
    await runStatements(client, database, ahead)
  })
}

/**
 * Makes all additions but new labels, inside the caller's transaction.
 * @throws UndoneError when the resulting structure is not what the additions promise; UsageError with the statements an owner must run
 */
export async function changeStructure(
  client: PgClient,
  database: Database,
  changes: readonly SchemaChange[],
): Promise<void> {
  const rest = changes.filter(({ kind }) => kind !== 'add-label')
  if (rest.length === 0) return
  const { within } = await statementsFor(client, database, rest)
  const before = (await describe(client, database)).collections
  await runStatements(client, database, within)
  const after = (await describe(client, database)).collections
  const wrong = wronglyChanged(rest, before, after)
  if (wrong === undefined) return
  throw new UndoneError(
    `source ${database.source}: PostgreSQL made another structure of ${wrong} than the exports have; nothing was changed`,
    { hint: 'run your migration on this machine' },
  )
}

/** @throws UsageError with the statements an owner must run when the role may not run them */
async function runStatements(client: PgClient, database: Database, statements: readonly string[]): Promise<void> {
  try {
    for (const statement of statements) await client.query(statement)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new UsageError(`source ${database.source}: ${database.role} may not change the structure`, {
      hint: `the owner must run: ${statements.join('; ')}`,
      cause: error,
    })
  }
}
