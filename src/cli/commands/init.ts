/** `tandem init`: sets up this clone and its databases. */
import { UsageError } from '../../model/errors.ts'
import type { JoinMode, JoinPreview } from '../../operations/init/join.ts'
import { init, type InitResult } from '../../operations/init/init.ts'
import type { Prevention } from '../../operations/prevention.ts'
import type { SourceSetup } from '../../operations/init/init-source.ts'
import { parseSourceArgument, type SourceArgument } from '../../operations/init/write-config.ts'
import { reviewing, type Reviewing } from '../structure-review.ts'
import { DRY_RUN, textOf, textsOf, type Command, type CommandContext } from '../command.ts'

export const initCommand: Command = {
  usage: 'init',
  describe: 'Set up this clone: configuration, hooks, merge driver; bind its databases and join them with the exports',
  options: {
    source: {
      type: 'string',
      array: true,
      describe: 'NAME=URL of a database, for a first configuration',
      requiresArg: true,
    },
    join: {
      type: 'string',
      describe: 'How a database with records joins: unite, theirs, ours or a COMMIT',
      requiresArg: true,
    },
    'create-schema': {
      type: 'boolean',
      describe: 'For an empty machine: first make the tables that the exports have; shows the statements and asks',
    },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem init --source app=sqlite:data/app.db', 'a SQLite file of this repository'],
    ['tandem init --source app=postgres://bot:secret@localhost/bot', 'the URL goes into .env, which git ignores'],
    ['tandem init --yes', 'on the second machine'],
    ['tandem init --create-schema', 'on a machine whose database is still empty'],
  ],
  run: runInit,
}

async function runInit(context: CommandContext): Promise<number> {
  const { invocation, output, args } = context
  const given = textsOf(args, 'source').map(parseSourceArgument)
  const schema = args['createSchema'] === true ? reviewing(context) : undefined
  const result = await init(invocation, {
    sources: given.length > 0 ? given : await askForSource(context),
    command: context.program,
    ...(schema !== undefined && { review: schema.review }),
    choose: (source, preview) => choose(context, source, preview),
  })
  for (const line of wordsOf(result)) output.say(line)
  if (output.json) output.value(jsonOf(result, schema))
  return 0
}

/** Only asks at a terminal, and only when there is no configuration; init itself tells what is missing. */
async function askForSource(context: CommandContext): Promise<SourceArgument[]> {
  const configured = await context.workspace().then(
    () => true,
    (error: unknown) => !(error instanceof UsageError && error.message.startsWith('there is no')),
  )
  if (configured || context.ask === undefined) return []
  const url = await context.ask('URL of your database (sqlite:PATH, postgres://…, mongodb://…): ')
  return url === '' ? [] : [{ name: 'app', url }]
}

async function choose(context: CommandContext, source: string, preview: JoinPreview): Promise<JoinMode | undefined> {
  const { output, args, ask } = context
  for (const line of previewWords(source, preview)) output.say(line)
  const given = textOf(args, 'join')
  if (given !== undefined) return modeOf(given)
  if (args['yes'] === true) return { kind: 'unite' }
  if (ask === undefined) return undefined
  return modeOf((await ask('Join them how? unite (default), theirs, ours, or a commit: ')) || 'unite')
}

function modeOf(text: string): JoinMode {
  return text === 'unite' || text === 'theirs' || text === 'ours' ? { kind: text } : { kind: 'commit', commit: text }
}

function previewWords(source: string, preview: JoinPreview): string[] {
  return preview.counts.map(
    ({ name, both, onlyHere, onlyThere, conflicts }) =>
      `${source}/${name}: ${both} in both (${conflicts} of them differ), ${onlyHere} only here, ${onlyThere} only in the exports`,
  )
}

function wordsOf(result: InitResult): string[] {
  const hooks = result.hooks.map(
    ({ hook, path, action, note }) => `${hook}: ${action} ${path}${note === undefined ? '' : ` (${note})`}`,
  )
  return [...result.done, ...hooks, ...result.sources.flatMap(sourceWords)]
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Where git begins to feel the weight. */
const LARGE_MB = 500

function sourceWords(setup: SourceSetup): string[] {
  const records = setup.collections.reduce((sum, each) => sum + each.records, 0)
  const megabytes = setup.collections.reduce((sum, each) => sum + each.sizeBytes, 0) / 1e6
  const changes = setup.settled?.plan.outcomes.reduce((sum, outcome) => sum + outcome.changes.length, 0) ?? 0
  return [
    `source ${setup.source}: ${setup.database} (${setup.server}), ${counted(setup.collections.length, 'collection')}, ${counted(records, 'record')}, ${megabytes < 1 ? 'under 1' : `about ${Math.round(megabytes)}`} MB as exports`,
    ...(megabytes > LARGE_MB
      ? [`  warning: that is much for a git repository; exclude what need not travel, or omit long fields`]
      : []),
    ...setup.leftOut.map(({ name, reason }) => `  left out: ${name} (${reason})`),
    ...[...setup.omitted].map(([name, fields]) => `  never exported: ${few(fields)} of ${name}`),
    ...(changes > 0 ? [`  ${changes} records came in from the exports`] : []),
    ...(setup.settled?.report?.lines ?? []).map((line) => `  ${line}`),
    ...setup.held.map((line) => `  ${line}`),
    ...preventionWords(setup.prevention),
    ...(setup.settled === undefined ? ['  the first git push exports it'] : []),
  ]
}

function preventionWords(prevention: Prevention | undefined): string[] {
  if (prevention === undefined) return []
  const { collections, advice, statements } = prevention
  const run = statements.length > 0 ? ['  if you like, run (nothing has been run):'] : []
  return [`  ${collections.join(', ')}: ${advice}`, ...run, ...statements.map((line) => `    ${line}`)]
}

/** Documents have a long list of names that count as credentials; the configuration's page has all of them. */
function few(names: readonly string[]): string {
  if (names.length <= 8) return names.join(', ')
  return `${names.slice(0, 5).join(', ')} and ${names.length - 5} more names of credentials`
}

function jsonOf(result: InitResult, schema: Reviewing | undefined): Readonly<Record<string, unknown>> {
  return {
    ok: true,
    done: result.done,
    hooks: result.hooks,
    ...(schema !== undefined && { schema: schema.shown() }),
    sources: Object.fromEntries(
      result.sources.map((setup) => [
        setup.source,
        {
          database: setup.database,
          server: setup.server,
          binding: setup.binding,
          collections: setup.collections,
          leftOut: setup.leftOut,
          omitted: Object.fromEntries(setup.omitted),
          join: setup.preview?.counts,
          held: setup.held,
          prevention: setup.prevention,
        },
      ]),
    ),
  }
}
