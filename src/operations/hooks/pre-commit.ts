/** pre-commit: puts right what an aborted data commit left; with `"exportOn": ["commit", …]` also exports live into the commit being made. */
import { exportAndStage } from '../export.ts'
import { carryingHead } from '../carrying.ts'
import { failureLines } from '../failure-lines.ts'
import type { Workspace } from '../workspace.ts'

/** Runs the pre-commit hook; everything worth knowing goes out through `say`. */
export async function preCommit(workspace: Workspace): Promise<void> {
  if (!workspace.config.exportOn.includes('commit')) return
  const head = await carryingHead(workspace)
  if (typeof head === 'string') return
  const result = await exportAndStage(workspace, {
    head,
    only: undefined,
    allowed: new Map(),
    relayout: false,
    acceptClock: false,
  })
  for (const line of [...result.held, ...failureLines(result.failures, 'export')]) workspace.invocation.say(line)
}
