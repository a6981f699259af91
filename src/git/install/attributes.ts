/** How git must treat the exports folder: its own .gitattributes, and whether something above it says otherwise. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../../io/atomic-write.ts'
import { UsageError } from '../../model/errors.ts'
import type { Place } from './hooks-home.ts'
import { packageText, scriptFolder } from './scripts.ts'

const FILE = '.gitattributes'
const RESERVED = ['reports', 'quarantine']
const SHOWN = 5

/**
 * Writes `.gitattributes` into the exports folder (relative to the root), which is made if needed. Answers false when it was there already.
 * @throws UsageError when the folder holds anything that is no export: it belongs to somebody else
 */
export async function writeAttributes(place: Place, exports: string): Promise<boolean> {
  const text = await packageText('templates/exports.gitattributes')
  const folder = path.join(place.root, exports)
  const file = path.join(folder, FILE)
  const now = await readFile(file, 'utf8').catch(() => undefined)
  const foreign = await foreignFiles(folder)
  if (now !== undefined && !now.includes('merge=tandem')) foreign.unshift(FILE)
  if (foreign.length > 0) throw foreignError(folder, foreign)
  if (now === text) return false
  await writeByWayOf(scriptFolder(place.commonDir), file, { content: text })
  return true
}

function foreignError(folder: string, names: readonly string[]): UsageError {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  return new UsageError(`${folder} holds files that are no exports: ${names.slice(0, SHOWN).join(', ')}${more}`, {
    hint: 'Move them elsewhere, or name another folder with "exports" in tandem.config.json.',
  })
}

/** Files below the exports folder that our layout has no place for, relative, in byte order. */
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

/** A file that an export would write; what git does with it, it does with all. `folder` is relative to the root. */
function sample(folder: string): string {
  return `${folder.replace(/\/+$/, '')}/source/collection/records.jsonl`
}

const WANTED: Readonly<Record<string, string>> = { text: 'unset', ident: 'unset', filter: 'unset', merge: 'tandem' }

/** What keeps git from carrying the exports as they are, each in a sentence; empty when all is well. `folder` is relative to the root. */
export async function exportsProblems(place: Place, folder: string): Promise<string[]> {
  const file = sample(folder)
  const ignored = await place.git(['check-ignore', '--verbose', '--no-index', '--', file], { answers: [1] })
  const rule = ignored.split('\t')[0] ?? ''
  // A rule that starts with ! is the one that takes the file back in.
  const problems =
    ignored === '' || /^[^\t]*:\d+:!/.test(rule) ? [] : [`git ignores ${folder}: take the rule away (${rule})`]
  const listing = await place.git(['check-attr', '-z', ...Object.keys(WANTED), '--', file])
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
