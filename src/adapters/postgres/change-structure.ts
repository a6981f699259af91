/** Performing additions to the structure: new labels by themselves, the rest inside the transaction of an apply, checked against what was promised. */
import { UndoneError, UsageError } from '../../model/errors.ts'
import { changedSchema, sameStructure, type SchemaChange } from '../../model/schema-change.ts'
import type { Database } from './connect.ts'
import { describe } from './describe.ts'
import { codeOf } from './failure.ts'
import { writing, type Connection } from './session.ts'
import { statementsFor } from './structure.ts'

/**
 * New labels, committed at once: a label cannot be used in the transaction that adds it (https://www.postgresql.org/docs/current/sql-altertype.html). Again is no harm.
 * @throws UsageError with the statements an owner must run
 */
export async function addLabels(database: Database, changes: readonly SchemaChange[]): Promise<void> {
  const labels = changes.filter(({ kind }) => kind === 'add-label')
  if (labels.length === 0) return
  await writing(database, async (client) => {
    const { ahead } = await statementsFor(client, database, labels)
    await run(client, database, ahead)
  })
}

/**
 * Everything else, inside the caller's transaction.
 * @throws UndoneError when the structure is not what was promised; UsageError with the statements an owner must run
 */
export async function changeStructure(
  client: Connection,
  database: Database,
  changes: readonly SchemaChange[],
): Promise<void> {
  const rest = changes.filter(({ kind }) => kind !== 'add-label')
  if (rest.length === 0) return
  const { within } = await statementsFor(client, database, rest)
  const before = (await describe(client, database)).collections
  await run(client, database, within)
  const after = (await describe(client, database)).collections
  for (const name of new Set(rest.map(({ collection }) => collection))) {
    const found = after.find((schema) => schema.name === name)
    const was = before.find((schema) => schema.name === name)
    const wanted = changedSchema(
      was,
      rest.filter(({ collection }) => collection === name),
    )
    if (found === undefined || !sameStructure(found, wanted))
      throw new UndoneError(
        `${database.source}: PostgreSQL made another structure of ${name} than the exports have; nothing was changed`,
        { hint: 'run your migration on this machine' },
      )
  }
}

async function run(client: Connection, database: Database, statements: readonly string[]): Promise<void> {
  try {
    for (const statement of statements) await client.query(statement)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new UsageError(`${database.source}: ${database.role} may not change the structure`, {
      hint: `the owner must run: ${statements.join('; ')}`,
      cause: error,
    })
  }
}
