/**
 * `"exportOn": ["commit", …]`: live goes into the very commit that is being made. pre-commit puts the exports into the index that git is about to commit
 * (GIT_INDEX_FILE), prepare-commit-msg adds the trailers. An aborted commit leaves staged exports that are remembered as the tool's own.
 */
import { NO_CONSENT } from '../../model/consent.ts'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { columnLines } from '../../exports/column-order.ts'
import { messageOf } from '../../exports/data-message.ts'
import { buildTree, updateIndex } from '../../git/data-commit.ts'
import { type Undo, stepBack, writeWorkTree } from '../../git/work-tree.ts'
import { type SourceExport, exportSources } from '../../push/export-sources.ts'
import { refuseForeign } from '../../push/foreign.ts'
import { ownStaged, rememberStaged, stagedExports } from '../../push/staged.ts'
import { storeCandidate } from '../../sync-point/candidate.ts'
import { carryingHead } from '../../workspace/carrying.ts'
import { type Memory, memory } from '../../workspace/memory.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { failureLines } from './failure-lines.ts'

/** Runs the pre-commit hook; everything worth knowing goes out through `say`. */
export async function preCommit(workspace: Workspace): Promise<void> {
  if (!workspace.config.exportOn.includes('commit')) return
  const index = workspace.invocation.environment['GIT_INDEX_FILE']
  // `git commit -- path` commits a passing index; what is put there would come back as a staged reversal
  if (index !== undefined && path.basename(index).startsWith('next-index')) return
  const head = await carryingHead(workspace)
  if (typeof head === 'string') return
  const none = { only: undefined, consent: NO_CONSENT, replace: false }
  const result = await exportSources(workspace, { head, ...none }, async (sources) => {
    await stageInto(workspace, sources, { head: head.commit, index })
    return undefined
  })
  for (const line of [...result.held, ...failureLines(result.failures, 'export')]) workspace.invocation.say(line)
}

/** Trailers for the order of columns in the exports that were staged last: the next hook, which writes the message, asks no database. */
function stagedColumns(workspace: Workspace): Memory<readonly string[]> {
  return memory<readonly string[]>(workspace, 'columns.json', [])
}

/** Puts the exports into the index that git is about to commit, and into the work tree. */
async function stageInto(
  workspace: Workspace,
  sources: readonly SourceExport[],
  at: { readonly head: string; readonly index: string | undefined },
): Promise<void> {
  const { repository } = workspace
  const writes = new Map(sources.flatMap(({ exported }) => exported.collections.flatMap((each) => [...each.writes])))
  await stagedColumns(workspace).write(sources.flatMap(({ source }) => columnLines(source, writes.keys())))
  if (writes.size === 0) return
  // what a merge or a person staged goes into this commit as it is; post-commit brings it into live
  await refuseForeign(workspace, {
    head: at.head,
    files: writes.keys(),
    sources: sources.map((each) => each.source.source),
  })
  const { tree, files } = await buildTree(repository, at.head, writes)
  for (const { source, exported } of sources) await storeCandidate(source, exported, { tree, head: at.head })
  const staged = await ownStaged(workspace)
  await rememberStaged(workspace, files)
  const environment = at.index === undefined ? {} : { GIT_INDEX_FILE: path.resolve(repository.root, at.index) }
  // the index last: git commits it even if this hook is killed, and a work tree that lags behind would be taken for a person's change
  const undo: Undo = []
  await writeWorkTree(repository, files, { from: at.head, staged, contents: writes, undo })
  try {
    await updateIndex(repository, files, environment)
  } catch (error) {
    await stepBack(undo)
    throw error
  }
}

/** Adds the trailers of a data commit to the message of a commit that carries exports of ours. */
export async function prepareCommitMessage(workspace: Workspace, messageFile: string): Promise<void> {
  if (!workspace.config.exportOn.includes('commit')) return
  const head = await carryingHead(workspace)
  if (typeof head === 'string' || (await stagedExports(workspace, head.commit)).own.length === 0) return
  const file = path.resolve(workspace.repository.root, messageFile)
  const text = await readFile(file, 'utf8')
  if (text.includes('Tandem-Export:')) return
  const columns = await stagedColumns(workspace).read()
  const data = await messageOf(workspace, { parent: head.commit, summary: '', consent: NO_CONSENT, told: { columns } })
  const trailers = data.split('\n').filter((line) => line.startsWith('Tandem-'))
  const args = trailers.flatMap((trailer) => ['--trailer', trailer])
  await writeFile(file, `${await workspace.repository.git(['interpret-trailers', ...args], { input: text })}\n`)
}
