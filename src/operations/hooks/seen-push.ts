/**
 * A hook that runs twice for one push: husky 8 starts every hook file a second time from within, pre-commit runs the hook that it found before its own, and a person may add the line
 * where the block already is. The second run is told from the first by the process of the push, and has nothing to do or to say.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeAtomically } from '../../io/atomic-write.ts'
import { startOf } from '../../io/running.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { PrePushInput } from './pre-push-input.ts'

/** Where processes cannot be told apart by their start, another one may have the same id after this time. */
const SAME_PROCESS_MS = 600_000

/** The last push that a hook was run for, with the remotes and lines of every run: a remote with two push URLs runs the hook once for each. */
interface SeenPush {
  readonly pid: number
  readonly start: string
  readonly at: number
  readonly runs: readonly PrePushInput[]
}

/** True when an earlier run of this hook was for the same push of the same lines to the same place. Remembers this run. */
export async function wasSeen(workspace: Workspace, pid: number, input: PrePushInput): Promise<boolean> {
  const file = path.join(workspace.dataDir, 'last-push')
  const before = parse(await readFile(file, 'utf8').catch(() => ''))
  const now: SeenPush = { pid, start: startOf(pid), at: workspace.invocation.nowMs(), runs: [] }
  const runs = before !== undefined && isSame(before, now) ? before.runs : []
  if (runs.some((run) => covers(run, input))) return true
  await writeAtomically(file, `${JSON.stringify({ ...now, runs: [...runs, input] })}\n`)
  return false
}

function isSame(before: SeenPush, now: SeenPush): boolean {
  return before.pid === now.pid && before.start === now.start && now.at - before.at < SAME_PROCESS_MS
}

/** A manager may hand on neither arguments nor lines the second time. A first run without lines knew nothing of the push, so it covers none with lines. */
function covers(run: PrePushInput, input: PrePushInput): boolean {
  if (input.lines !== '' && run.lines !== input.lines) return false
  return input.remote === '' || (run.remote === input.remote && run.url === input.url)
}

/** Undefined for a file that was only partly written. */
function parse(text: string): SeenPush | undefined {
  return text.startsWith('{"') && text.endsWith('}\n') ? (JSON.parse(text) as SeenPush) : undefined
}
