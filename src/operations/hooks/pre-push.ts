/** pre-push: the database's changes become a data commit on top of what is pushed, and travel with the same `git push` (docs/hooks.md). Never stops the push. */
import { carriageOf, parsePushLines, writeMarker, type PushMarker } from '../../git/carry.ts'
import { writeTransactionHook, quietPushEnvironment } from '../../git/install/transaction-hook.ts'
import { findHooksHome, gitHooksFolder } from '../../git/install/hooks-home.ts'
import { carryingHead, type CarryingHead } from '../carrying.ts'
import { changeWords } from '../change-words.ts'
import { isOwnUncommitted } from '../staged.ts'
import { markPublished } from '../unpublished.ts'
import { exportAndCommit, type ExportResult } from '../export.ts'
import { failureLines } from '../failure-lines.ts'
import type { Workspace } from '../workspace.ts'

export interface PrePushInput {
  readonly remote: string
  readonly url: string
  /** The hook's standard input. */
  readonly lines: string
}

/** Runs the pre-push hook; everything worth knowing goes out through `say`. */
export async function prePush(workspace: Workspace, input: PrePushInput): Promise<void> {
  const { say, environment } = workspace.invocation
  await markPublished(workspace)
  const head = await carryingHead(workspace)
  if (typeof head === 'string') {
    say(`data not carried: ${head}`)
    return
  }
  const pid = Number(environment['TANDEM_PUSH_PID']) || undefined
  const push = { remote: input.remote, url: input.url, lines: parsePushLines(input.lines), pid }
  const carriage = await carriageOf(workspace.repository, push, head)
  if (!carriage.carry) {
    if (!carriage.quiet) say(`data not carried: ${carriage.reason}`)
    // what a killed push left of its export would stand in the way of the pull that has to come now
    if (carriage.refused && (await isOwnUncommitted(workspace, head.commit))) await exportAll(workspace, head)
    return
  }
  const data = (await exportAll(workspace, head)).commit?.commit
  await markPublished(workspace)
  if (data === undefined || pid === undefined) return
  const { remoteRef, tracking } = carriage
  const marker: PushMarker = { remote: input.remote, tracking, remoteRef, sent: head.commit, data, pid }
  await followPush(workspace, marker)
}

async function exportAll(workspace: Workspace, head: CarryingHead): Promise<ExportResult> {
  const result = await exportAndCommit(workspace, {
    head,
    only: undefined,
    allowed: new Map(),
    relayout: false,
    acceptClock: false,
    replace: false,
  })
  tell(workspace, result)
  return result
}

function tell(workspace: Workspace, result: ExportResult): void {
  const { say } = workspace.invocation
  for (const settled of result.sources) for (const line of changeWords(settled)) say(line)
  if (result.commit !== undefined) {
    const { commit, parent, summary } = result.commit
    say(`data commit ${commit.slice(0, 7)} on top of your ${parent.slice(0, 7)}: ${summary}`)
  }
  for (const { source, exported } of result.sources)
    for (const { name, outgrown } of exported.collections)
      if (outgrown) say(`${source.source}/${name} has outgrown its layout: tandem export --relayout --commit`)
  for (const line of [...result.held, ...failureLines(result.failures, 'export')]) say(line)
}

/** Leaves a hook that pushes the data commit as soon as git has moved the tracking ref to what it sent. */
async function followPush(workspace: Workspace, marker: PushMarker): Promise<void> {
  const { repository, invocation } = workspace
  const sshCommand = await repository.git(['config', '--get', 'core.sshCommand'], { answers: [1] })
  const short = marker.data.slice(0, 7)
  const home = await findHooksHome(repository)
  if (home.kind === 'outside') {
    invocation.say(
      `data commit ${short} goes with your next push: core.hooksPath leads to ${home.folder}, which is not ours to use`,
    )
    return
  }
  await writeTransactionHook(await gitHooksFolder(repository), {
    marker: await writeMarker(repository, marker),
    pid: marker.pid,
    tracking: marker.tracking,
    sent: marker.sent,
    push: ['git', 'push', '--no-verify', '--quiet', marker.remote, `${marker.data}:${marker.remoteRef}`],
    environment: quietPushEnvironment(invocation.environment, sshCommand || undefined),
    sentLine: `tandem: data commit ${short} pushed to ${marker.remote}`,
    notSentLine: `tandem: data commit ${short} could not be pushed; it goes with your next push`,
  })
}
