/** What one machine holds at a moment: its records, HEAD's exports, the index's and the work tree's, and what `init` set up. For saying "as before" and "as after". */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Asset } from '../../support/asset.ts'

export interface State {
  /** All records as text. */
  readonly live: string
  /** Entries below `exports/app`, as text. */
  readonly head: string
  readonly index: string
  /** Path below `exports/app` → digest; `conflict` for a file that git left in conflict. */
  readonly files: ReadonlyMap<string, string>
  /** Hooks, settings, refs and the database's own table. */
  readonly setup: string
}

export async function stateOf(asset: Asset): Promise<State> {
  const [live, head, index, files, setup] = await Promise.all([
    liveOf(asset),
    asset.try('ls-tree', '-r', 'HEAD', 'exports/app'),
    asset.try('ls-files', '-s', 'exports/app'),
    filesBelow(path.join(asset.root, 'exports/app')),
    setupOf(asset),
  ])
  return {
    live,
    head: head.stdout.replaceAll(' blob ', ' '),
    index: index.stdout.replaceAll(/^(\d+ \w+) 0\t/gm, '$1\t'),
    files,
    setup,
  }
}

/** The records of both collections as text. */
export async function liveOf({ database }: Asset): Promise<string> {
  return JSON.stringify([await database.rows('traders'), await database.rows('posts')])
}

async function filesBelow(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = new Map<string, string>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    const bytes = await readFile(file)
    files.set(path.relative(folder, file), isConflict(bytes) ? CONFLICT : digest(bytes))
  }
  return files
}

const CONFLICT = 'conflict'

/** A file with git's marks is one that git tells about; one that was only half written has its beginning alone. */
function isConflict(bytes: Buffer): boolean {
  return bytes.includes('<<<<<<< ') && bytes.includes('>>>>>>> ')
}

async function setupOf(asset: Asset): Promise<string> {
  const settings = await asset.try('config', '--local', '--get-regexp', '^(tandem|merge)\\.')
  const hooks = path.join(asset.root, '.git/hooks')
  const names = (await readdir(hooks)).filter((name) => !name.endsWith('.sample')).sort()
  const texts = await Promise.all(names.map((name) => readFile(path.join(hooks, name)).catch(() => Buffer.from(''))))
  const ids = settings.stdout.replaceAll(/(\.id) \S+/g, '$1 some')
  return JSON.stringify([ids, names.map((name, i) => [name, digest(texts[i] as Buffer)])])
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * What must not be seen at any moment, whatever happened: records between two states, a file that is of none, an index that would take HEAD's records back.
 * @param course the states that the operation goes through, from before to after
 */
export function brokenStates(now: State, course: readonly State[]): string[] {
  const problems: string[] = []
  if (course.every(({ live }) => live !== now.live)) problems.push('the records are neither as before nor as after')
  const reached = course.findIndex(({ head }) => head === now.head)
  if (reached < 0) problems.push('HEAD is neither as before nor as after')
  const isUnmerged = / [123]\t/.test(now.index)
  if (!isUnmerged && course.slice(Math.max(reached, 0)).every(({ index }) => index !== now.index))
    problems.push('the index holds a staged reversal of HEAD')
  for (const [file, text] of now.files)
    if (text !== CONFLICT && course.every(({ files }) => files.get(file) !== text))
      problems.push(`half-written: ${file}`)
  return problems
}

/** What differs from an expected state, as a list of words. */
export function differences(now: State, wanted: State): string[] {
  const files = new Set([...now.files.keys(), ...wanted.files.keys()])
  const wrong = [...files].filter((file) => now.files.get(file) !== wanted.files.get(file))
  return [
    ...(now.live === wanted.live ? [] : ['records']),
    ...(now.head === wanted.head ? [] : ["HEAD's exports"]),
    ...(now.index === wanted.index ? [] : ["the index's exports"]),
    ...(now.setup === wanted.setup ? [] : [`set-up ${now.setup} instead of ${wanted.setup}`]),
    ...wrong,
  ]
}
