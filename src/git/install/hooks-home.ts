/** Finds out which program manages the hooks of a repository, and so in which files the tool's blocks belong. */
import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { exists } from '../../io/exists.ts'
import type { Repository } from '../repository.ts'

/** The part of a repository that installing needs. */
export type InstallTarget = Pick<Repository, 'root' | 'commonDir' | 'git' | 'config' | 'place'>

/**
 * Where a repository has its hooks. `husky`: in files that husky 9's stubs run; `files`: in hook files that git starts, in `.git/hooks` or the folder of core.hooksPath;
 * `lefthook`: as entries in lefthook's local configuration; `outside`: core.hooksPath is a folder outside the repository, which others may share and the tool does not change.
 */
export type HooksHome =
  | { readonly kind: 'husky' | 'files' | 'outside'; readonly folder: string; readonly note: string | undefined }
  | { readonly kind: 'lefthook'; readonly folder: string; readonly config: string }

const LEFTHOOK = ['lefthook', '.lefthook', '.config/lefthook']

/** Endings of lefthook's configuration files, in the order in which lefthook looks for them. */
export const LEFTHOOK_FORMATS: readonly string[] = ['yml', 'yaml', 'toml', 'json', 'jsonc']

/** The absolute path of the folder in which git looks for hooks, by core.hooksPath if that is set. */
export async function gitHooksFolder(repository: InstallTarget): Promise<string> {
  const { root, commonDir, place } = repository
  const configured = (await repository.config()).all('core.hookspath').at(-1)
  if (!configured) return path.join(commonDir, 'hooks')
  const home = place.environment['HOME']
  if (configured.startsWith('~/') && home) return path.join(home, configured.slice(1))
  // git itself is asked about what it alone can tell: another user's home, the folder that git is installed in
  if (!/^[~%]/.test(configured)) return path.resolve(root, configured)
  const answer = await repository.git(['rev-parse', '--path-format=absolute', '--git-path', 'hooks'])
  return path.resolve(repository.root, answer)
}

/** Finds where this repository has its hooks. husky is looked for first, then core.hooksPath, then lefthook. `gitHooks`: what `gitHooksFolder` gave, if it was asked already. */
export async function findHooksHome(repository: InstallTarget, gitHooks?: string): Promise<HooksHome> {
  const folder = gitHooks ?? (await gitHooksFolder(repository))
  const parent = path.dirname(folder)
  if (path.basename(folder) === '_' && (path.basename(parent) === '.husky' || (await exists(path.join(folder, 'h')))))
    return { kind: 'husky', folder: parent, note: undefined }
  if (folder !== path.join(repository.commonDir, 'hooks')) return movedHome(repository, folder)
  if (await waitsForHusky(repository.root))
    return {
      kind: 'husky',
      folder: path.join(repository.root, '.husky'),
      note: 'run `npx husky`: it is not set up here yet',
    }
  const config = await lefthookConfig(repository.root)
  if (config !== undefined) return { kind: 'lefthook', folder: path.dirname(config), config }
  return { kind: 'files', folder, note: undefined }
}

function movedHome(repository: InstallTarget, folder: string): HooksHome {
  const ours = [repository.root, repository.commonDir, path.dirname(repository.commonDir)]
  if (ours.some((top) => isInside(folder, top))) return { kind: 'files', folder, note: undefined }
  return { kind: 'outside', folder, note: `core.hooksPath leads to ${folder}, outside this repository` }
}

/**
 * Where in the work tree a folder of hooks really is, as git writes paths (relative to the root), because git may track the files in it; undefined for a folder outside or in the git
 * directory. `.git/hooks` may be a link into the work tree.
 */
export async function placeInWorkTree(repository: InstallTarget, folder: string): Promise<string | undefined> {
  const [real, root, common] = await Promise.all([folder, repository.root, repository.commonDir].map(whereItIs))
  if (real === undefined || root === undefined || common === undefined) return undefined
  if (isInside(real, common) || !isInside(real, root)) return undefined
  return path.relative(root, real).split(path.sep).join('/')
}

/** The path without links; of what does not exist yet, that of its parent and its name. */
async function whereItIs(place: string): Promise<string> {
  const parent = path.dirname(place)
  return realpath(place).catch(async () =>
    parent === place ? place : path.join(await whereItIs(parent), path.basename(place)),
  )
}

/** True when the folder is `top` or inside it. */
function isInside(folder: string, top: string): boolean {
  const way = path.relative(top, folder)
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way))
}

/** True when the repository uses husky (it has its folder and its entry in package.json). Asked only where core.hooksPath is not set, so husky has not been run in this clone yet. */
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
