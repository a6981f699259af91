/** git's merge driver for exports (gitattributes(5)): called when both sides changed a file and the text merge met a conflict. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { mergeQuarantine } from '../../format/quarantine-file.ts'
import { writeByWayOf } from '../../io/atomic-write.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { mergeAhead } from './ahead.ts'
import { commitsThatMerge } from './commits.ts'
import { type FileTexts, openRecordsMerge } from './records-file.ts'
import { newerStructure } from './structure.ts'

export interface DriverInput {
  /** %O, %A, %B: files with base, ours (and the result) and theirs. */
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** %P: where the result belongs. */
  readonly path: string
}

/**
 * Merges one file and writes the result over `ours`. Answers false when a person has to look (`tandem resolve`).
 * @throws DamagedError when a side is damaged or in another layout; the file is untouched then
 */
export async function runMergeDriver(workspace: Workspace, input: DriverInput): Promise<boolean> {
  const { root } = workspace.repository
  const [base = '', ours = '', theirs = ''] = await Promise.all(
    [input.base, input.ours, input.theirs].map((file) => readFile(path.resolve(root, file), 'utf8')),
  )
  const merged = await mergedText(workspace, { path: input.path, base, ours, theirs })
  if (merged === undefined) return false
  // git takes what is in that file even when we fail: on a full disk it must still be ours, whole
  await writeByWayOf(workspace.dataDir, path.resolve(root, input.ours), { content: merged })
  return true
}

/** The merged text; undefined when a person has to look. */
async function mergedText(workspace: Workspace, file: FileTexts): Promise<string | undefined> {
  if (file.path.startsWith(`${workspace.config.exports}/quarantine/`)) return mergeQuarantine(file, file.path)
  const commits = await commitsThatMerge(workspace)
  if (!file.path.endsWith('.jsonl')) return newerStructure(workspace, commits, file)
  const known = await mergeAhead(workspace, commits, file)
  return known ?? (await openRecordsMerge(workspace, commits)(file)).text
}
