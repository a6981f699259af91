/**
 * `"exportOn": ["commit", …]`: live goes into the very commit that is being made. pre-commit puts the exports into the index that git is about to commit
 * (GIT_INDEX_FILE), prepare-commit-msg adds the trailers. An aborted commit leaves staged exports that are remembered as the tool's own.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buildTree, updateIndex, writeWorkTree } from '../../git/data-commit.ts'
import { carryingHead } from '../carrying.ts'
import { messageOf } from '../commit-export.ts'
import { planExports } from '../export.ts'
import { failureLines } from '../failure-lines.ts'
import { rememberStaged, stagedExports } from '../staged.ts'
import type { Workspace } from '../workspace.ts'

/** Runs the pre-commit hook; everything worth knowing goes out through `say`. */
export async function preCommit(workspace: Workspace): Promise<void> {
  if (!workspace.config.exportOn.includes('commit')) return
  const index = workspace.invocation.environment['GIT_INDEX_FILE']
  // `git commit -- path` commits a passing index; what is put there would come back as a staged reversal
  if (index !== undefined && path.basename(index).startsWith('next-index')) return
  const head = await carryingHead(workspace)
  if (typeof head === 'string') return
  const none = {
    only: undefined,
    allowed: new Map<string, number>(),
    relayout: false,
    acceptClock: false,
    replace: false,
  }
  const result = await planExports(workspace, { head, ...none })
  const writes = new Map(
    result.sources.flatMap(({ exported }) => exported.collections.flatMap((each) => [...each.writes])),
  )
  if (writes.size > 0) {
    const { files } = await buildTree(workspace.repository, head.commit, writes)
    await rememberStaged(workspace, files)
    await updateIndex(
      workspace.repository,
      files,
      index === undefined ? {} : { GIT_INDEX_FILE: path.resolve(workspace.repository.root, index) },
    )
    await writeWorkTree(workspace.repository, { from: head.commit, writes }, [])
  }
  for (const line of [...result.held, ...failureLines(result.failures, 'export')]) workspace.invocation.say(line)
}

/** Adds the trailers of a data commit to the message of a commit that carries exports of ours. */
export async function prepareCommitMessage(workspace: Workspace, messageFile: string): Promise<void> {
  if (!workspace.config.exportOn.includes('commit')) return
  const head = await carryingHead(workspace)
  if (typeof head === 'string' || (await stagedExports(workspace, head.commit)).own.length === 0) return
  const file = path.resolve(workspace.repository.root, messageFile)
  const text = await readFile(file, 'utf8')
  if (text.includes('Tandem-Export:')) return
  const data = await messageOf(workspace, { parent: head.commit, summary: '', acceptClock: false })
  const trailers = data.split('\n').filter((line) => line.startsWith('Tandem-'))
  const args = trailers.flatMap((trailer) => ['--trailer', trailer])
  await writeFile(file, `${await workspace.repository.git(['interpret-trailers', ...args], { input: text })}\n`)
}
