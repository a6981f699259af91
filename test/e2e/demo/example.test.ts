/** The committed example in `exports/`: made again by the same operations and compared byte for byte; and what README.md quotes from it. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { makeExample } from '../../../src/demo/example.ts'
import { PROJECT_FILES } from '../../../src/demo/project.ts'
import { parseCollectionFile } from '../../../src/format/collection-file.ts'
import { parseRecordsFile } from '../../../src/format/records-file.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const EXPORTS = path.join(ROOT, 'exports')

async function committedFiles(): Promise<string[]> {
  const entries = await readdir(EXPORTS, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => path.relative(EXPORTS, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
}

test('the committed example is byte for byte what the program makes', async () => {
  const made = await makeExample(process.env)
  expect([...made.keys()].sort()).toEqual((await committedFiles()).sort())
  for (const [name, bytes] of made)
    expect(bytes.toString(), `${name}; after a wanted change: npm run example`).toBe(
      await readFile(path.join(EXPORTS, name), 'utf8'),
    )
})

test('the example depends on neither the caller’s git configuration, nor CI, nor the time zone', async () => {
  const hostile = {
    ...process.env,
    CI: 'true',
    TANDEM_SKIP: '1',
    TZ: 'Pacific/Chatham',
    GIT_AUTHOR_NAME: 'Somebody Else',
    GIT_DEFAULT_HASH: 'sha256',
    APP_DATABASE_URL: 'postgres://production.example.org/app',
  }
  const made = await makeExample(hostile)
  const report = [...made.keys()].find((name) => name.endsWith('.md'))
  expect(await committedFiles()).toContain(report)
})

test('the example holds every record of both machines once', async () => {
  const text = await readFile(path.join(EXPORTS, 'app/traders/records.jsonl'), 'utf8')
  const { records } = parseRecordsFile(text, 'records.jsonl')
  const names = [...records.values()].map((record) => (JSON.parse(record) as { username: string }).username)
  expect(names).toHaveLength(190 + 3 + 2 - 1)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(expect.arrayContaining(['ana', 'ben', 'chloe', 'dora', 'emil', 'trader190']))
  expect(names).not.toContain('trader50')
  const structure = await readFile(path.join(EXPORTS, 'app/traders/collection.json'), 'utf8')
  expect(parseCollectionFile(structure, 'collection.json').schema.key).toEqual(['id'])
})

test('README.md quotes the example’s configuration, its report and a record as they are', async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
  const report = (await committedFiles()).find((name) => name.endsWith('.md')) as string
  const records = await readFile(path.join(EXPORTS, 'app/traders/records.jsonl'), 'utf8')
  const configurations = [...readme.matchAll(/```json\n([^]*?)```/g)].map(
    (match) => JSON.parse(match[1] ?? '') as unknown,
  )
  expect(configurations).toContainEqual(JSON.parse(PROJECT_FILES.get('tandem.config.json') ?? ''))
  expect(readme).toContain(`exports/${report}`)
  const quoted = quotations(readme, 'report')
  expect(quoted.length).toBeGreaterThan(0)
  const whole = await readFile(path.join(EXPORTS, report), 'utf8')
  for (const quotation of quoted) expect(whole).toContain(quotation)
  const lines = quotations(readme, 'records')
  expect(lines.length).toBeGreaterThan(0)
  for (const quotation of lines) expect(records).toContain(quotation)
})

/** The code blocks of README.md that follow a `<!-- from the NAME -->`. */
function quotations(readme: string, name: string): string[] {
  const blocks = readme.matchAll(/<!-- from the (\w+) -->\s*(`{3,})\w*\n(.*?)\n\2\n/gs)
  return [...blocks].filter((match) => match[1] === name).map((match) => match[3] as string)
}
