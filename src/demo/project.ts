/** The files of the demo's repository: a little code, and the configuration that README.md explains. */

/** The path of the SQLite database, relative to the root of a clone. */
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

/** Path → text of the files in the first commit. */
export const PROJECT_FILES: ReadonlyMap<string, string> = new Map([
  ['.gitignore', 'data/\n.env\n'],
  ['app.js', "console.log('trading')\n"],
  ['tandem.config.json', `${JSON.stringify(CONFIG, undefined, 2)}\n`],
])

/** The text of `.env` on one machine. The file is not in git, since each machine has its own. */
export function dotenvText(databaseUrl: string): string {
  return `APP_DATABASE_URL='${databaseUrl}'\n`
}

/** The git configuration of the demo, in place of the user's own. */
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
