/** pre-push: the database's changes become a data commit on top of what is pushed, and travel with the same `git push` (docs/hooks.md). Never stops the push. */
import path from 'node:path'
import { NO_CONSENT } from '../../model/consent.ts'
import { type PushMarker, carriageOf, parsePushLines, writeMarker } from '../../git/carry.ts'
import { moveRefusal } from '../../git/data-commit.ts'
import { scriptFolder } from '../../git/install/scripts.ts'
import { findHooksHome, gitHooksFolder, placeInWorkTree } from '../../git/install/hooks-home.ts'
import { readPushArguments, sendingOptions } from '../../git/push-arguments.ts'
import { pushProcess } from '../../git/push-process.ts'
import { excludeHook } from '../../git/info-exclude.ts'
import type { Repository } from '../../git/repository.ts'
import { exists } from '../../io/exists.ts'
import { quietPushEnvironment, writeTransactionHook } from '../../git/install/transaction-hook.ts'
import { changeWords } from '../../pull/lines.ts'
import type { ExportResult } from '../../push/export-sources.ts'
import { isOwnUncommitted } from '../../push/staged.ts'
import { type CarryingHead, carryingHead } from '../../workspace/carrying.ts'
import { markPublished } from '../../workspace/unpublished.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { exportAndCommit, exportForPush } from '../export.ts'
import { record } from '../recorded.ts'
import { failureLines } from './failure-lines.ts'
import { endOf } from './post.ts'
import type { PrePushInput } from './pre-push-input.ts'
import { wasSeen } from './seen-push.ts'

/** Runs the pre-push hook; everything worth knowing goes out through `say`. */
export async function prePush(workspace: Workspace, input: PrePushInput): Promise<void> {
  const { say, environment } = workspace.invocation
  const named = Number(environment['TANDEM_PUSH_PID']) || undefined
  const process = named === undefined ? undefined : await pushProcess(named)
  if (process !== undefined && (await wasSeen(workspace, process.pid, input))) return
  await markPublished(workspace)
  const head = await carryingHead(workspace)
  if (typeof head === 'string') {
    say(`data not carried: ${head}`)
    return
  }
  if (input.remote === '' || process?.isHookRun === true) {
    say('data not carried: pre-push was started without a push (git hook run)')
    return
  }
  const words = process?.words ?? []
  const push = { remote: input.remote, url: input.url, lines: parsePushLines(input.lines), words }
  const carriage = await carriageOf(workspace.repository, push, head)
  if (!carriage.carry) {
    if (!carriage.quiet) say(`data not carried: ${carriage.reason}`)
    // what a killed push left of its export would stand in the way of the pull that has to come now
    if (carriage.refused && (await isOwnUncommitted(workspace, head.commit)))
      await exportAll(workspace, head, exportAndCommit)
    return
  }
  const { remoteRef, tracking } = carriage
  const hooks = process === undefined ? undefined : await hooksForPush(workspace)
  if (process === undefined || hooks === undefined) {
    await exportAll(workspace, head, exportAndCommit)
    return
  }
  const { commit, isWhole } = await exportAll(workspace, head, exportForPush)
  if (commit === undefined) return
  // once the remote has it, the branch has to follow
  const refusal = await moveRefusal(workspace.repository, { ref: head.ref, from: head.commit, commit: commit.commit })
  if (refusal !== undefined) {
    say(`data commit ${commit.commit.slice(0, 7)} is not pushed, because ${head.ref} may not move to it: ${refusal}`)
    return
  }
  const marker = { remote: input.remote, tracking, remoteRef, sent: head.commit, data: commit.commit, pid: process.pid }
  await followPush(workspace, { hooks, words, files: commit.files }, { ...marker, branch: head.ref, isWhole })
}

/** git's folder of hooks, for the hook that pushes the data commit; undefined where it is not ours to use: then the branch moves at once, and the data goes with the next push. */
async function hooksForPush({ repository, invocation }: Workspace): Promise<string | undefined> {
  const folder = await gitHooksFolder(repository)
  const home = await findHooksHome(repository, folder)
  if (home.kind === 'outside') {
    invocation.say(`data goes with your next push: core.hooksPath leads to ${home.folder}, which is not ours to use`)
    return undefined
  }
  const place = await placeInWorkTree(repository, folder)
  if (place === undefined) return folder
  const own = path.posix.join(place, 'reference-transaction')
  if (await isTrackedHook(repository, folder, own)) {
    invocation.say(`data goes with your next push: git tracks ${own}, so a hook in its place could be committed`)
    return undefined
  }
  await excludeHook(repository, place)
  return folder
}

/** git is only asked where there is a file of that name. */
async function isTrackedHook(repository: Repository, folder: string, file: string): Promise<boolean> {
  if (!(await exists(path.join(folder, path.basename(file))))) return false
  return (await repository.git(['--literal-pathspecs', 'ls-files', '--', file])) !== ''
}

async function exportAll(
  workspace: Workspace,
  head: CarryingHead,
  work: typeof exportAndCommit,
): Promise<ExportResult> {
  const started = workspace.invocation.nowMs()
  const result = await work(workspace, {
    head,
    only: undefined,
    consent: NO_CONSENT,
    replace: false,
  })
  tell(workspace, result)
  await record(workspace, 'push', { started, ...endOf(result.failures) })
  return result
}

function tell(workspace: Workspace, result: ExportResult): void {
  const { say } = workspace.invocation
  for (const inStep of result.sources) for (const line of changeWords(inStep)) say(line)
  if (result.commit !== undefined) {
    const { commit, parent, summary } = result.commit
    say(`data commit ${commit.slice(0, 7)} on top of your ${parent.slice(0, 7)}: ${summary}`)
  }
  for (const { source, exported } of result.sources)
    for (const { name, outgrown } of exported.collections)
      if (outgrown) say(`${source.source}/${name} has outgrown its layout: tandem export --relayout --commit`)
  for (const line of [...result.held, ...failureLines(result.failures, 'export')]) say(line)
}

/** Leaves a hook that pushes the data commit as soon as git has moved the tracking ref to what it sent, and then has the branch moved to it. */
async function followPush(
  { repository, invocation, config }: Workspace,
  push: { readonly hooks: string; readonly words: readonly string[]; readonly files: number },
  marker: PushMarker,
): Promise<void> {
  const found = invocation.environment['TANDEM_COMMAND'] // by the stub, which need not look for the program again
  const sshCommand = (await repository.config()).get('core.sshcommand')
  const short = marker.data.slice(0, 7)
  const file = await writeMarker(repository, marker)
  const verify = config.commit.verify ? [] : ['--no-verify']
  const { options } = readPushArguments(push.words)
  const refspec = `${marker.data}:${marker.remoteRef}`
  const handedOn = options.flatMap((option) => ['-o', option])
  await writeTransactionHook(push.hooks, {
    marker: file,
    pid: marker.pid,
    tracking: marker.tracking,
    sent: marker.sent,
    push: {
      command: [
        'git',
        ...sendingOptions(push.files),
        'push',
        ...verify,
        ...handedOn,
        '--quiet',
        marker.remote,
        refspec,
      ],
      environment: quietPushEnvironment(invocation.environment, sshCommand || undefined),
      finish: [
        'sh',
        path.join(scriptFolder(repository.commonDir), 'hook.sh'),
        'pushed',
        file,
        ...(found ? [found] : []),
      ],
    },
    lines: {
      unsent: `tandem: data commit ${short} was not sent to ${marker.remote}: the push that it was made for had ended, or was another process than it seemed. The next git push carries the data`,
      sent: `tandem: data commit ${short} pushed to ${marker.remote}`,
      notSent: `tandem: data commit ${short} did not reach ${marker.remote} (see above). Your push stands, your branch is as it was, and the next push tries again; if the server has rules for messages or authors: "commit" in tandem.config.json`,
    },
  })
}
