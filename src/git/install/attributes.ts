/** How git must treat the exports folder: writes its .gitattributes, and finds settings elsewhere that contradict it. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../../io/atomic-write.ts'
import { UsageError } from '../../model/errors.ts'
import type { InstallTarget } from './hooks-home.ts'
import { packageText, scriptFolder } from './scripts.ts'

const FILE = '.gitattributes'

const RESERVED = ['reports', 'quarantine']

const SHOWN = 5

/**
 * Writes `.gitattributes` into the exports folder (relative to the root), which is made if needed. Returns false when it was there already.
 * @throws UsageError when the folder has files that are no exports, because it may then belong to another program
 */
export async function writeAttributes(repository: InstallTarget, exports: string): Promise<boolean> {
  const text = await packageText('templates/exports.gitattributes')
  const folder = path.join(repository.root, exports)
  const file = path.join(folder, FILE)
  const now = await readFile(file, 'utf8').catch(() => undefined)
  const foreign = await foreignFiles(folder)
  if (now !== undefined && !now.includes('merge=tandem')) foreign.unshift(FILE)
  if (foreign.length > 0) throw foreignError(folder, foreign)
  if (now === text) return false
  await writeByWayOf(scriptFolder(repository.commonDir), file, { content: text })
  return true
}

function foreignError(folder: string, names: readonly string[]): UsageError {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  return new UsageError(`${folder} holds files that are no exports: ${names.slice(0, SHOWN).join(', ')}${more}`, {
    hint: 'Move them elsewhere, or name another folder with "exports" in tandem.config.json.',
  })
}

/** Files below the exports folder that are no exports, relative to it, sorted. */
async function foreignFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((name) => name !== FILE && !isExport(name))
    .sort()
}

/** `<source>/<collection>/collection.json` and `*.jsonl`, `reports/<month>/*.md` and `.json`, `quarantine/<source>/*.jsonl`. */
function isExport(name: string): boolean {
  const [first = '', second = '', third = '', ...rest] = name.split('/')
  if (second === '' || third === '' || rest.length > 0) return false
  if (first === 'reports') return /^\d{4}-\d{2}$/.test(second) && /\.(md|json)$/.test(third)
  if (RESERVED.includes(first)) return third.endsWith('.jsonl')
  return third === 'collection.json' || third.endsWith('.jsonl')
}

/** The path of a file as an export would write it; git treats all exports as it treats this one. `folder` is relative to the root. */
export function sampleExport(folder: string): string {
  return `${folder.replace(/\/+$/, '')}/source/collection/records.jsonl`
}

const WANTED: Readonly<Record<string, string>> = { text: 'unset', ident: 'unset', filter: 'unset', merge: 'tandem' }

/** Settings that keep git from committing the exports unchanged, one sentence each; empty when there are none. `folder` is relative to the root. */
export async function exportsProblems(repository: InstallTarget, folder: string): Promise<string[]> {
  const file = sampleExport(folder)
  const ignored = await repository.git(['check-ignore', '--verbose', '--no-index', '--', file], { answers: [1] })
  const rule = ignored.split('\t')[0] ?? ''
  // a rule that starts with ! says that the file is not ignored
  const problems =
    ignored === '' || /^[^\t]*:\d+:!/.test(rule) ? [] : [`git ignores ${folder}: take the rule away (${rule})`]
  const listing = await repository.git(['check-attr', '-z', ...Object.keys(WANTED), '--', file])
  const parts = listing.split('\0')
  for (let i = 0; i + 2 < parts.length; i += 3) {
    const [name = '', value = ''] = [parts[i + 1], parts[i + 2]]
    if (WANTED[name] !== undefined && WANTED[name] !== value)
      problems.push(
        `the attribute ${name} is ${value} in ${folder} (wanted: ${WANTED[name]}): see .git/info/attributes`,
      )
  }
  return problems
}
