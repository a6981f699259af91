/** `tandem quarantine`: lists quarantined records, and does with them what a person decides. */
import { readHead } from '../../git/head.ts'
import { withLock } from '../../io/lock.ts'
import { arrayText, objectText, stringText } from '../../model/canonical.ts'
import { UsageError } from '../../model/errors.ts'
import { type PlacedRecord, type Reach, type Verdict, placeQuarantined } from '../../operations/quarantine.ts'
import { type ListedRecord, listQuarantine } from '../../quarantine/list.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, DRY_RUN, ONLY, textOf, textsOf } from '../command.ts'
import { sayFailures } from '../failures.ts'

export const quarantineCommand: Command = {
  usage: 'quarantine [action] [records..]',
  describe: 'Records that no rule could place: list them, or say what shall become of them',
  positionals: {
    action: {
      type: 'string',
      choices: ['list', 'accept', 'rekey', 'drop'],
      default: 'list',
      describe: 'list; accept: put the record over the one in live; rekey: give it a new key; drop: forget it',
    },
    records: { type: 'string', array: true, describe: 'Which ones: names of the list, or their beginnings' },
  },
  options: {
    only: ONLY,
    key: { type: 'string', describe: 'rekey: this key, as a JSON array, instead of the next one', requiresArg: true },
    'dry-run': DRY_RUN,
  },
  examples: [
    ['tandem quarantine', 'what waits for a decision, and why'],
    ['tandem quarantine accept 3fa9c1d2', 'this record takes the place of the one in live'],
    ['tandem quarantine rekey 3fa9c1d2', "both stay: it gets the next number of the database's own"],
    [`tandem quarantine rekey 3fa9c1d2 --key '["berlin-2"]'`, 'the same with a key of your choice'],
    ['tandem quarantine drop 3fa9c1d2', 'it is not wanted; it stays in the history of git'],
  ],
  run: runQuarantine,
}

async function runQuarantine(context: CommandContext): Promise<number> {
  const { args } = context
  const action = textOf(args, 'action') ?? 'list'
  const names = textsOf(args, 'records')
  if (action === 'list') return listAll(context, names)
  if (names.length === 0)
    throw new UsageError(`name the records to ${action}`, { hint: 'tandem quarantine list names them.' })
  return placeAll(context, action as Verdict, names)
}

async function listAll(context: CommandContext, names: readonly string[]): Promise<number> {
  const { args, output } = context
  if (names.length > 0) throw new UsageError(`quarantine list takes no name (${names.join(', ')})`)
  const workspace = await context.workspace()
  const { commit } = await readHead(workspace.repository)
  const { records, failures } = await listQuarantine(workspace, {
    head: commit,
    only: parseOnly(textOf(args, 'only')),
  })
  for (const each of records) for (const line of wordsOf(each)) output.say(line)
  if (records.length === 0 && failures.length === 0) output.say('nothing is in quarantine')
  if (output.json) output.raw(`${jsonOf(records.length === 0 && failures.length === 0, records.map(recordJson))}\n`)
  sayFailures(output, failures)
  return failures[0]?.error.exitCode ?? (records.length > 0 ? 1 : 0)
}

function wordsOf({ id, source, collection, key, record, reason }: ListedRecord): string[] {
  return [`${id}  ${source}/${collection} ${key}: ${reason}`, `          ${record}`]
}

async function placeAll(context: CommandContext, verdict: Verdict, names: readonly string[]): Promise<number> {
  const { args, output } = context
  const key = textOf(args, 'key')
  if (key !== undefined && (verdict !== 'rekey' || names.length > 1))
    throw new UsageError('--key belongs to the rekey of one record')
  const workspace = await context.workspace()
  const { commit } = await readHead(workspace.repository)
  const options = { head: commit, only: parseOnly(textOf(args, 'only')), verdict, names, key }
  const placed = await withLock(workspace.dataDir, 0, () => placeQuarantined(workspace, options))
  const would = workspace.invocation.dryRun ? 'would be ' : ''
  for (const each of placed) output.say(`${each.source}/${each.collection} ${each.key}: ${would}${doneWords(each)}`)
  if (output.json) output.raw(`${jsonOf(true, placed.map(placedJson))}\n`)
  return 0
}

function doneWords(placed: PlacedRecord): string {
  return `${placeWords(placed)}${REACHES[placed.reach]}`
}

/** What a verdict does to the other machines. */
const REACHES: Readonly<Record<Reach, string>> = {
  decided: '',
  deletes: '; the next push deletes the record on every machine, as this database refuses it',
  replaces: '; the next push carries what this database has instead to every machine',
  elsewhere:
    '; that does not end the difference: the record is in this database and in the exports, and another database refuses it (tandem verify there)',
}

function placeWords({ placedAt, key, replaced, record }: PlacedRecord): string {
  if (placedAt === undefined) return 'dropped'
  if (placedAt !== key) return `placed as ${placedAt}`
  return replaced === undefined || replaced === record ? 'placed' : `placed over ${replaced}`
}

/** The JSON of records. Their texts are written unchanged, because JavaScript would round their numbers. */
function jsonOf(ok: boolean, records: readonly string[]): string {
  return objectText([
    ['version', '1'],
    ['ok', String(ok)],
    ['records', arrayText(records)],
  ])
}

function recordJson(record: ListedRecord): string {
  return objectText(fieldsOf(record))
}

function placedJson(placed: PlacedRecord): string {
  return objectText([
    ...fieldsOf(placed),
    ['placedAt', placed.placedAt ?? 'null'],
    ['replaced', placed.replaced ?? 'null'],
    ['reach', stringText(placed.reach)],
  ])
}

function fieldsOf(record: ListedRecord): (readonly [string, string])[] {
  return [
    ['id', stringText(record.id)],
    ['source', stringText(record.source)],
    ['collection', stringText(record.collection)],
    ['key', record.key],
    ['reason', stringText(record.reason)],
    ['withheld', String(record.withheld)],
    ['record', record.record],
  ]
}
