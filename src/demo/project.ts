/** The files of the demo's repository: a little code, and the configuration that README.md walks through. */

/** Relative to the root of a clone. */
export const SQLITE_FILE = 'data/app.db'

const CONFIG = {
  $schema: './node_modules/git-tandem/templates/config.schema.json',
  branches: ['main'],
  sources: {
    app: {
      url: '${APP_DATABASE_URL}',
      collections: {
        traders: {
          identity: ['user_id', 'username', 'timestamp', 'ticker'],
          newest: 'timestamp',
          critical: ['user_id', 'profit_usd', 'profit_sol', 'ticker'],
          counters: ['wins'],
        },
      },
    },
  },
}

/** Path → text of the first commit. */
export const PROJECT_FILES: ReadonlyMap<string, string> = new Map([
  ['.gitignore', 'data/\n.env\n'],
  ['app.js', "console.log('trading')\n"],
  ['tandem.config.json', `${JSON.stringify(CONFIG, undefined, 2)}\n`],
])

/** `.env` of one machine; git ignores it. */
export function dotenvText(databaseUrl: string): string {
  return `APP_DATABASE_URL='${databaseUrl}'\n`
}

/** The settings of whoever works with the demo's clones: nothing of the user's own gets in. */
export const GIT_CONFIG = `[user]
\tname = Demo
\temail = demo@example.org
[init]
\tdefaultBranch = main
[pull]
\trebase = false
[core]
\tautocrlf = false
`
