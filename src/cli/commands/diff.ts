/** `tandem diff`: the differences between live and HEAD's exports, for people, and as JSON with every value as it is written in the export. */
import { arrayText, objectText, stringText } from '../../model/canonical.ts'
import { type CollectionDifference, type Differences, diff, differs } from '../../operations/diff.ts'
import { parseOnly } from '../../source/only.ts'
import { type Command, type CommandContext, ONLY, textOf } from '../command.ts'
import { changedLines, recordLine } from '../difference-lines.ts'
import { gravestOf, sayFailures } from '../failures.ts'

/** Records of a collection that are shown without `--full`. */
const SHOWN = 100

export const diffCommand: Command = {
  usage: 'diff',
  describe: "Live against HEAD's exports, record by record and field by field; exit code 1 when they differ",
  options: {
    only: ONLY,
    full: {
      type: 'boolean',
      describe: `All records, not the first ${SHOWN} of a collection, and values at full length`,
    },
  },
  examples: [
    ['tandem diff', '+ only in the database, ~ changed there, - only in the exports'],
    ['tandem diff --only app/traders --full', 'everything of one collection'],
    ['tandem diff --json', 'all changes, values as they stand in the export'],
  ],
  run: runDiff,
}

async function runDiff(context: CommandContext): Promise<number> {
  const { args, output } = context
  const found = await diff(await context.workspace(), parseOnly(textOf(args, 'only')))
  const full = args['full'] === true
  const different = found.sources.flatMap((source) =>
    source.collections.filter(differs).map((collection) => ({ source: source.name, collection })),
  )
  for (const { source, collection } of different) for (const line of wordsOf(source, collection, full)) output.say(line)
  if (different.length === 0 && found.failures.length === 0) output.say('no difference: live is what HEAD holds')
  if (output.json) output.raw(jsonOf(found))
  sayFailures(output, found.failures)
  return gravestOf(found.failures) || (different.length > 0 ? 1 : 0)
}

function wordsOf(source: string, collection: CollectionDifference, full: boolean): string[] {
  const { name, added, changed, removed, problem } = collection
  if (problem !== undefined) return [`${source}/${name}: not compared: ${problem}`]
  const records = [
    ...added.map(({ key, record }) => () => [recordLine('+', key, full ? record : { shortened: record })]),
    ...changed.map((record) => () => changedLines(record, full)),
    ...removed.map(({ key, record }) => () => [recordLine('-', key, full ? record : { shortened: record })]),
  ]
  const shown = full ? records : records.slice(0, SHOWN)
  const rest = records.length - shown.length
  return [
    `${source}/${name}: +${added.length} ~${changed.length} -${removed.length}`,
    ...shown.flatMap((lines) => lines()).map((line) => `  ${line}`),
    ...(rest > 0 ? [`  … and ${rest} more records: --full shows all`] : []),
  ]
}

/** The JSON of the differences. Value texts are written unchanged: `26.940` stays `26.940`. */
function jsonOf({ sources, failures }: Differences): string {
  const told = sources.map(({ name, collections }) => {
    const each = collections.map((collection) => [collection.name, collectionJson(collection)] as const)
    return [name, objectText([['collections', objectText(each)]])] as const
  })
  const failed = failures.map(({ source, error }) => {
    const text = JSON.stringify({ error: { code: error.code, message: error.message } })
    return [source, text] as const
  })
  const ok = failures.length === 0 && !sources.some(({ collections }) => collections.some(differs))
  return `${objectText([
    ['version', '1'],
    ['ok', String(ok)],
    ['sources', objectText([...told, ...failed])],
  ])}\n`
}

function collectionJson({ added, changed, removed, problem }: CollectionDifference): string {
  const records = (list: CollectionDifference['added']): string =>
    arrayText(list.map(({ key, record }) => `{"key":${key},"record":${record}}`))
  const fields = (list: CollectionDifference['changed'][number]['fields']): string =>
    objectText(list.map((field) => [field.name, sidesJson(field.exported, field.live)]))
  return objectText([
    ['added', records(added)],
    ['changed', arrayText(changed.map((each) => `{"key":${each.key},"fields":${fields(each.fields)}}`))],
    ['removed', records(removed)],
    ...(problem === undefined ? [] : [['problem', stringText(problem)] as const]),
  ])
}

/** The field on both sides; a side without the field is left out. */
function sidesJson(exported: string | undefined, live: string | undefined): string {
  const sides = [['exported', exported] as const, ['live', live] as const]
  return objectText(sides.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))
}
