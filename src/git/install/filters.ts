/** Filters that git would run over the exports if the exports folder did not switch them off: of git-crypt and others, which keep files from being readable in the repository. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from '../repository.ts'
import { runGit } from '../run.ts'
import { sampleExport } from './attributes.ts'

/** git-lfs moves bytes elsewhere and hides nothing. Exports are stored in git itself. */
const HARMLESS = ['lfs']

/** The filter that git would run over the exports; undefined where there is none, or where a rule above the exports folder switches it off for them. `folder` is relative to the root. */
export async function filterAbove(
  repository: Pick<Repository, 'root' | 'gitDir' | 'place'>,
  folder: string,
): Promise<string | undefined> {
  const empty = await mkdtemp(path.join(repository.gitDir, 'tandem-attributes-'))
  try {
    await copyAttributes(repository.root, folder, empty)
    // a work tree without our file, and an index without it, in which git would look for it next
    const environment = {
      ...repository.place.environment,
      GIT_DIR: repository.gitDir,
      GIT_WORK_TREE: empty,
      GIT_INDEX_FILE: path.join(empty, 'no-index'),
    }
    const arguments_ = ['check-attr', '-z', 'filter', '--', sampleExport(folder)]
    const { stdout } = await runGit({ cwd: empty, environment }, arguments_)
    const value = stdout.toString().split('\0')[2] ?? ''
    return ['', 'unspecified', 'unset', 'set', ...HARMLESS].includes(value) ? undefined : value
  } finally {
    await rm(empty, { recursive: true, force: true })
  }
}

/** The `.gitattributes` of the root and of each folder above the exports. */
async function copyAttributes(root: string, folder: string, to: string): Promise<void> {
  const parts = path.normalize(folder).split(path.sep).filter(Boolean)
  for (let depth = 0; depth < parts.length; depth++) {
    const place = path.join(...parts.slice(0, depth), '.gitattributes')
    await mkdir(path.dirname(path.join(to, place)), { recursive: true })
    await copyFile(path.join(root, place), path.join(to, place)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    })
  }
}

/** What is wrong, and the choice, in words. */
export function filterProblem(filter: string, folder: string): { readonly message: string; readonly hint: string } {
  const rule = `${folder.replace(/\/+$/, '')}/** -filter`
  return {
    message: `the rule filter=${filter} of your .gitattributes would cover ${folder}: records are merged as text, so they would be published without the filter, readable for everybody who can read the repository`,
    hint: `If that may be, say so: add the line "${rule}" to .gitattributes below that rule and commit it. Else exclude what is secret ("exclude", "omit") first, or keep this database out of this repository.`,
  }
}
