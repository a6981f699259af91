/**
 * What the merge driver's first call in a merge keeps for the later ones. `hooks/merge-driver.sh` looks here before it starts the program, and takes a result only for the same
 * commits, path, texts, configuration and program. Each work tree has a folder, with the results of one merge.
 *
 * `merging/<work tree>/merge`: the path of the program, the commit that a true merge takes in (empty in a rebase or cherry-pick), what git says of the refs that tell a merge from
 * others, and a hash of all that results depend on, a line each. It is written last; without it, nothing is looked for.
 *
 * `merging/<work tree>/files/<path>`: the path; then a line with the id of the base with which git's text merge is known to meet a conflict (`-`: not known) and the ids of base
 * (`any`: it had no influence), ours, theirs, result, configuration, program and, in a shallow clone, the list of its ends; then the text of the result. What a crash cut off does
 * not have the id of the result.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CONFIG_FILE } from '../../config/load.ts'
import { blobId } from '../../git/objects/blobs.ts'
import type { Repository } from '../../git/repository.ts'
import { exists } from '../../io/exists.ts'
import { packageFile } from '../../io/package-files.ts'
import { KEPT_MERGES } from '../../workspace/leftovers.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type CommitsThatMerge, headsNamed } from './commits.ts'
import type { MergedSides } from './expected.ts'
import type { FileTexts, MergedFileText } from './records-file.ts'

export interface KeptResults {
  /** Keeps the result for a file. @param meetsConflict true when git's text merge of these very texts is known to meet a conflict, so that the driver need not try it */
  keep(file: FileTexts, merged: MergedFileText, meetsConflict: boolean): Promise<void>
  /** Lets the driver look for the results. */
  finish(): Promise<void>
}

/** The refs that name a commit which git takes in, as `merge-driver.sh` asks for them. */
const REFS = ['HEAD', 'MERGE_HEAD', 'REBASE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD']

/** The file that the program is started with. It names the others by their hashes, so that it differs for every build. */
const PROGRAM = 'dist/cli/main.js'

/** True when the script that started the program will look for results: it is of this form of them, and git names one commit that it merges, or none. */
export function isLookedFor(workspace: Workspace): boolean {
  return workspace.invocation.environment['TANDEM_LOOKS_FOR_MERGES'] === '2' && headsNamed(workspace).length <= 1
}

/** Opens an empty place for the results of this merge. undefined when they were kept already, or git cannot read the program (it lies in an archive), so that they would not be found. */
export async function openResults(
  workspace: Workspace,
  { merged = '' }: CommitsThatMerge,
  { base = '', theirs: picked }: MergedSides,
): Promise<KeptResults | undefined> {
  const { repository, dataDir } = workspace
  const program = packageFile(PROGRAM)
  const facts = await factsOf(repository, program)
  if (facts === undefined) return undefined
  const refs = await repository.git(['cat-file', '--batch-check=%(objectname)'], { input: `${REFS.join('\n')}\n` })
  const state = refs.replaceAll('\n', ' ')
  const idOf = (text: string): string => blobId(Buffer.from(text), repository.objectFormat)
  const folder = path.join(dataDir, KEPT_MERGES, path.basename(repository.gitDir))
  const about = `${program}\n${merged}\n${state}\n${idOf([base, picked, ...facts].join('\n'))}\n`
  if ((await readFile(path.join(folder, 'merge'), 'utf8').catch(() => '')) === about) return undefined
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return {
    keep: async (file, { text, usesBase }, meetsConflict) => {
      if (file.path.includes('\n')) return
      const place = path.join(folder, 'files', file.path)
      const baseId = idOf(file.base)
      const bases = [meetsConflict ? baseId : '-', usesBase ? baseId : 'any']
      const ids = [...bases, ...[file.ours, file.theirs, text].map(idOf), ...facts]
      await mkdir(path.dirname(place), { recursive: true })
      await writeFile(place, `${file.path}\n${ids.join(' ')}\n${text}`)
    },
    finish: () => writeFile(path.join(folder, 'merge'), about),
  }
}

/** The ids of all that results depend on besides commits and texts, as git hashes them; undefined when it cannot read the program. */
async function factsOf(repository: Repository, program: string): Promise<string[] | undefined> {
  const files = [path.join(repository.root, CONFIG_FILE), program]
  const shallow = path.join(repository.commonDir, 'shallow')
  if (await exists(shallow)) files.push(shallow)
  const ids = await repository.git(['hash-object', '--no-filters', '--', ...files], { answers: [128] })
  return ids.split('\n').length < files.length || program.includes('\n') ? undefined : ids.split('\n')
}
