/** A few random histories over schemas that make merges hard. `npm run schemas -- --histories N` runs more. */
import { expect, inject, test } from 'vitest'
import { postgresWorlds } from '../../trials/schemas/postgres-world.ts'
import { runSchemas, type Worlds } from '../../trials/schemas/run.ts'
import { SQLITE_WORLDS } from '../../trials/schemas/sqlite-world.ts'

const ENGINES: readonly { readonly engine: string; readonly worlds: () => Worlds }[] = [
  { engine: 'SQLite', worlds: () => SQLITE_WORLDS },
  { engine: 'PostgreSQL', worlds: () => postgresWorlds(serverOfRun()) },
]

test.each(ENGINES)(
  'machines with collated, unenforced and undeclared references, unique places, passwords at home and migrations in $engine come to hold the same, and nobody’s row is lost',
  async ({ worlds }) => {
    const stories: string[] = []
    const wrong = await runSchemas({
      seed: 2026,
      from: 0,
      histories: 2,
      worlds: worlds(),
      onEnd: ({ problems, story }) => {
        if (problems.length > 0) stories.push([...story, ...problems].join('\n'))
      },
    })
    expect(stories).toEqual([])
    expect(wrong).toBe(0)
  },
)

function serverOfRun(): ReturnType<typeof inject<'postgres'>>[number] {
  const [server] = inject('postgres')
  if (server === undefined) throw new Error('no PostgreSQL in this run')
  return server
}
