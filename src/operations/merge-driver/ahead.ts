/** The merge driver's first call in a merge: it merges every file for which git will call the driver, because a start of the program and a reading of history for each file took longer than all merges together. */
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommitsThatMerge } from './commits.ts'
import { expectedFiles, type MergedSides, meetingOf, readTexts } from './expected.ts'
import { type FileTexts, openRecordsMerge } from './records-file.ts'
import { isLookedFor, type KeptResults, openResults } from './results.ts'

/**
 * Merges all files of this merge and keeps the results, unless an earlier call did. Answers the text of the asked file; undefined when it has to be merged by itself.
 * Nothing fails here: what goes wrong with a file is met again, and told, when git calls the driver for it.
 */
export async function mergeAhead(
  workspace: Workspace,
  commits: CommitsThatMerge,
  asked: FileTexts,
): Promise<string | undefined> {
  if (!isLookedFor(workspace)) return undefined
  const meeting = await meetingOf(workspace, commits, asked).catch(() => undefined)
  if (meeting === undefined) return undefined
  const results = await openResults(workspace, commits, meeting).catch(() => undefined)
  if (results === undefined) return undefined
  const text = await mergeExpected(workspace, commits, { meeting, asked, results }).catch(() => undefined)
  await results.finish().catch(() => undefined)
  return text
}

async function mergeExpected(
  workspace: Workspace,
  commits: CommitsThatMerge,
  at: { readonly meeting: MergedSides; readonly asked: FileTexts; readonly results: KeptResults },
): Promise<string | undefined> {
  const { meeting, asked, results } = at
  let answer: string | undefined
  for (const group of await expectedFiles(workspace, meeting)) {
    // opened anew for each group, so that what was read for the one before is forgotten
    const paths = group.map(({ path }) => path)
    const merge = openRecordsMerge(workspace, commits, paths)
    for (const [i, file] of (await readTexts(workspace.repository, group)).entries()) {
      const merged = await merge(file).catch(() => undefined)
      const { bases, meetsConflict } = group[i] as (typeof group)[number]
      if (merged === undefined || (merged.usesBase && bases.length > 1)) continue
      await results.keep(file, merged, meetsConflict)
      if (isAsked(file, asked) && (!merged.usesBase || file.base === asked.base)) answer = merged.text
    }
  }
  return answer
}

function isAsked(file: FileTexts, asked: FileTexts): boolean {
  return file.path === asked.path && file.ours === asked.ours && file.theirs === asked.theirs
}
