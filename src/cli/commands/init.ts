/** `tandem init`: sets up this clone and its databases. */
import { UsageError } from '../../model/errors.ts'
import type { Finding } from '../../operations/examine/examine.ts'
import type { SourceSetup } from '../../operations/init/init-source.ts'
import { type InitResult, init } from '../../operations/init/init.ts'
import type { JoinMode, JoinPreview } from '../../operations/init/join.ts'
import { type SourceArgument, parseSourceArgument } from '../../operations/init/write-config.ts'
import { counted } from '../../report/counted.ts'
import type { Prevention } from '../../schema/key-steps.ts'
import { type HomeFields, homeReason, homeWays } from '../../source/home-fields.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { outcomeChanges } from '../../pull/outcome-count.ts'
import { type Command, type CommandContext, DRY_RUN, textOf, textsOf } from '../command.ts'
import { previewWords } from '../join-words.ts'
import { type Reviewing, reviewing } from '../structure-review.ts'

export const initCommand: Command = {
  usage: 'init',
  describe: 'Set up this clone: configuration, hooks, merge driver; bind its databases and join them with the exports',
  options: {
    source: {
      type: 'string',
      array: true,
      describe: 'NAME=URL of a database, for a first configuration or to correct a URL',
      requiresArg: true,
    },
    from: {
      type: 'string',
      array: true,
      describe: 'Take over .sync_config.json or .backup_config.json of the former scripts',
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
    program: context.program,
    from: textsOf(args, 'from'),
    ...(schema !== undefined && { review: schema.review }),
    choose: (source, preview) => choose(context, source, preview),
    ...(context.input.ask !== undefined && { home: (source, fields) => chooseHome(context, source, fields) }),
  })
  for (const line of wordsOf(result)) output.say(line)
  if (output.json) output.value(jsonOf(result, schema))
  return 0
}

/** Asks for a database at a terminal when there is no configuration. Returns an empty list otherwise; init then says what is missing. */
async function askForSource(context: CommandContext): Promise<SourceArgument[]> {
  // not context.workspace(), which would say that init has to be run
  const configured = await openWorkspace(context.invocation).then(
    () => true,
    (error: unknown) => !(error instanceof UsageError && error.message.startsWith('there is no')),
  )
  const { ask } = context.input
  if (configured || ask === undefined) return []
  const url = await ask('URL of your database (sqlite:PATH, postgres://…, mongodb://…): ')
  return url === '' ? [] : [{ name: 'app', url }]
}

async function choose(context: CommandContext, source: string, preview: JoinPreview): Promise<JoinMode | undefined> {
  const { output, args } = context
  const { ask } = context.input
  if (preview.overlaps) for (const line of previewWords(source, preview)) output.say(line)
  const given = textOf(args, 'join')
  if (given !== undefined) return modeOf(given)
  if (args['yes'] === true) return { kind: 'unite' }
  if (ask === undefined || !preview.overlaps) return undefined
  const advice = preview.isFresh ? ' (on a fresh machine: theirs)' : ''
  return modeOf((await ask(`Join them how? unite (default), theirs${advice}, ours, or a commit: `)) || 'unite')
}

/** No answer, or another one, leaves the collection held. `--yes` does not decide what becomes of a password. */
async function chooseHome(
  context: CommandContext,
  source: string,
  fields: HomeFields,
): Promise<'carry' | 'fill' | 'exclude' | undefined> {
  const { ask } = context.input
  if (ask === undefined || context.args['yes'] === true) return undefined
  for (const line of homeWords(source, { ...fields, exported: false })) context.output.say(line)
  const answer = await ask('Which one? carry, placeholder, exclude; anything else holds the table: ')
  return answer === 'placeholder' ? 'fill' : answer === 'carry' || answer === 'exclude' ? answer : undefined
}

function homeWords(source: string, fields: SourceSetup['home'][number]): string[] {
  const ways = homeWays(fields).map((line) => `  ${line}`)
  return [`${source}/${fields.collection}${fields.exported ? '' : ' is held'}: ${homeReason(fields)}`, ...ways]
}

function modeOf(text: string): JoinMode {
  return text === 'unite' || text === 'theirs' || text === 'ours' ? { kind: text } : { kind: 'commit', commit: text }
}

function wordsOf(result: InitResult): string[] {
  const hooks = result.hooks.map(
    ({ hook, path, action, note }) => `${hook}: ${action} ${path}${note === undefined ? '' : ` (${note})`}`,
  )
  return [...result.done, ...hooks, ...result.sources.flatMap(sourceWords)]
}

/** Lines that a person reads to the end. */
const FINDINGS = 10

function findingWords(findings: readonly Finding[]): string[] {
  const lines = findings
    .slice(0, FINDINGS)
    .flatMap(({ line, paste }) => [`  look: ${line}`, ...(paste === undefined ? [] : [`        paste: ${paste}`])])
  const more = findings.length - FINDINGS
  return more > 0 ? [...lines, `  look: and ${more} more: tandem doctor --schema`] : lines
}

/** Those that the findings do not have already. */
function triggerWords({ triggers, findings }: SourceSetup): string[] {
  const found = new Set(findings.map(({ line }) => line))
  return triggers
    .filter(({ line }) => !found.has(line))
    .map(({ line, paste }) => `  ${line}${paste === undefined ? '' : `. To have it otherwise: ${paste}`}`)
}

/** Exports above this size in megabytes make git slow. */
const LARGE_MB = 500

function sourceWords(setup: SourceSetup): string[] {
  const records = setup.collections.reduce((sum, each) => sum + each.records, 0)
  const megabytes = setup.collections.reduce((sum, each) => sum + each.sizeBytes, 0) / 1e6
  const changes = outcomeChanges(setup.inStep?.plan.outcomes ?? [])
  return [
    `source ${setup.source}: ${setup.database} (${setup.server}), ${counted(setup.collections.length, 'collection')}, ${counted(records, 'record')}, ${megabytes < 1 ? 'under 1' : `about ${Math.round(megabytes)}`} MB as exports`,
    ...(megabytes > LARGE_MB
      ? [`  warning: that is much for a git repository; exclude what need not travel, or omit long fields`]
      : []),
    ...setup.leftOut.map(({ name, reason }) => `  left out: ${name} (${reason})`),
    ...omittedWords(setup),
    ...findingWords(setup.findings),
    ...triggerWords(setup),
    ...(changes > 0 ? [`  ${changes} records came in from the exports`] : []),
    ...(setup.inStep?.report?.lines ?? []).map((line) => `  ${line}`),
    ...setup.held.map((line) => `  ${line}`),
    ...setup.home.flatMap((fields) => homeWords(setup.source, fields)).map((line) => `  ${line}`),
    ...(setup.quarantined > 0 ? [`  ${counted(setup.quarantined, 'record')} in quarantine (tandem quarantine)`] : []),
    ...proposalWords(setup),
    ...preventionWords(setup.prevention),
    ...(setup.inStep === undefined ? ['  the first git push exports it'] : []),
  ]
}

function proposalWords({ source, proposed }: SourceSetup): string[] {
  if (proposed === undefined) return []
  return [
    `  these fields seem to hold keys although no foreign key says so; look at each, then put them into sources.${source}.collections of the configuration ("none" where a field holds no key):`,
    `    ${proposed.text}`,
  ]
}

/** One line, whatever the number of tables. The statements are long, and not urgent. */
function preventionWords(prevention: Prevention | undefined): string[] {
  if (prevention === undefined) return []
  const { collections, advice, statements } = prevention
  const where = statements.length > 0 ? ' (tandem doctor prints the statements)' : ''
  return [`  ${few(collections)}: ${advice}${where}`]
}

/** One line: the fields that are there, and the rule for documents, which may get others. */
function omittedWords({ omitted, omittedHere }: SourceSetup): string[] {
  const fields = [...omittedHere].flatMap(([name, names]) => names.map((field) => `${name}.${field}`))
  const isOpen = [...omitted].some(([name, names]) => names.length > (omittedHere.get(name)?.length ?? 0))
  const words = [
    ...(fields.length > 0 ? [few(fields)] : []),
    ...(isOpen ? ['of documents any field that is called like a credential (password, api_key, accessToken …)'] : []),
  ]
  return words.length === 0 ? [] : [`  never exported: ${words.join('; ')}`]
}

/** The names; of a long list the first eight and the number of the others. */
function few(names: readonly string[]): string {
  if (names.length <= 8) return names.join(', ')
  return `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`
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
          triggers: setup.triggers.map(({ line }) => line),
          join: setup.preview?.counts,
          joinExamples: setup.preview?.examples,
          held: setup.held,
          references: setup.proposed?.entries,
          home: setup.home,
          quarantined: setup.quarantined,
          findings: setup.findings,
          prevention: setup.prevention,
        },
      ]),
    ),
  }
}
