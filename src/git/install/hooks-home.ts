/** Where the hooks of a repository live: who manages them decides which file a block belongs in. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from '../repository.ts'

/** The part of a repository that installing needs. */
export type Place = Pick<Repository, 'root' | 'commonDir' | 'git'>

/**
 * `husky`: files read by husky 9's own stubs; `files`: hook files that git starts, in `.git/hooks` or where core.hooksPath points; `lefthook`: a list in
 * lefthook's local configuration; `outside`: core.hooksPath leads to a folder outside the repository, shared with others, which is not ours to change.
 */
export type HooksHome =
  | { readonly kind: 'husky' | 'files' | 'outside'; readonly folder: string; readonly note: string | undefined }
  | { readonly kind: 'lefthook'; readonly folder: string; readonly config: string }

const LEFTHOOK = ['lefthook', '.lefthook', '.config/lefthook']
const LEFTHOOK_FORMATS = ['yml', 'yaml', 'toml', 'json', 'jsonc']

/** The folder in which git looks for hooks, absolute; core.hooksPath may have moved it. */
export async function gitHooksFolder(place: Place): Promise<string> {
  const answer = await place.git(['rev-parse', '--path-format=absolute', '--git-path', 'hooks'])
  return path.resolve(place.root, answer)
}

/** Finds who manages this repository's hooks: husky, then core.hooksPath, then lefthook, then git alone. */
export async function findHooksHome(place: Place): Promise<HooksHome> {
  const folder = await gitHooksFolder(place)
  const parent = path.dirname(folder)
  if (path.basename(folder) === '_' && (path.basename(parent) === '.husky' || (await exists(path.join(folder, 'h')))))
    return { kind: 'husky', folder: parent, note: undefined }
  if (folder !== path.join(place.commonDir, 'hooks')) return movedHome(place, folder)
  if (await waitsForHusky(place.root))
    return {
      kind: 'husky',
      folder: path.join(place.root, '.husky'),
      note: 'run `npx husky`: it is not set up here yet',
    }
  const config = await lefthookConfig(place.root)
  if (config !== undefined) return { kind: 'lefthook', folder: path.dirname(config), config }
  return { kind: 'files', folder, note: undefined }
}

function movedHome(place: Place, folder: string): HooksHome {
  const ours = [place.root, place.commonDir, path.dirname(place.commonDir)]
  if (ours.some((top) => isInside(folder, top))) return { kind: 'files', folder, note: undefined }
  return { kind: 'outside', folder, note: `core.hooksPath leads to ${folder}, outside this repository` }
}

/** True when the folder is the other or lies in it. */
function isInside(folder: string, top: string): boolean {
  const way = path.relative(top, folder)
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way))
}

/** husky is wanted (a folder, and package.json asks for it) but has not been run in this clone. */
async function waitsForHusky(root: string): Promise<boolean> {
  if (!(await exists(path.join(root, '.husky')))) return false
  const text = await readFile(path.join(root, 'package.json'), 'utf8').catch(() => '')
  return /"husky"\s*:/.test(text)
}

async function lefthookConfig(root: string): Promise<string | undefined> {
  for (const name of LEFTHOOK)
    for (const format of LEFTHOOK_FORMATS) {
      const file = path.join(root, `${name}.${format}`)
      if (await exists(file)) return file
    }
  return undefined
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
