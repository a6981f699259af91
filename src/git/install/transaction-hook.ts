/** The hook that lives for one `git push`: as soon as git has moved the tracking ref, it pushes the data commit after it (design and reasons: docs/hooks.md). */
import { lstat, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../../io/atomic-write.ts'
import { fillIn, packageText, shellCommand, shellQuote } from './scripts.ts'

export interface TransactionHook {
  /** The push's marker file, absolute: the hook acts only while it is there, and removes it. */
  readonly marker: string
  /** Process id of the `git push` that this is for. */
  readonly pid: number
  /** `refs/remotes/…`, and the commit that git moves it to. */
  readonly tracking: string
  readonly sent: string
  /** The inner push, word by word: `git`, `push`, `--no-verify`, `--quiet`, remote, `<data commit>:<ref>`. */
  readonly push: readonly string[]
  /** Laid over the environment of the inner push; quietPushEnvironment makes it. */
  readonly environment: Readonly<Record<string, string>>
  /** The line to print when the data commit was pushed, and when not. */
  readonly sentLine: string
  readonly notSentLine: string
}

const NAME = 'reference-transaction'
const OURS = '# git-tandem wrote this hook for one "git push"'

/** The hook's text: a few lines of sh, every value quoted. */
export async function transactionHookScript(hook: TransactionHook): Promise<string> {
  const variables = Object.entries({ ...hook.environment, TANDEM_INNER: '1' })
  return fillIn(await packageText(`hooks/${NAME}.sh`), {
    MARKER: shellQuote(hook.marker),
    PID: shellQuote(String(hook.pid)),
    PUSHED: shellQuote(`${hook.sent} ${hook.tracking}`),
    ENVIRONMENT: `export ${variables.map(([name, value]) => `${name}=${shellQuote(value)}`).join(' ')}`,
    PUSH: shellCommand(hook.push),
    SENT: shellQuote(hook.sentLine),
    NOT_SENT: shellQuote(hook.notSentLine),
  })
}

/** Writes the hook into the folder where git looks for hooks; one of the user's is kept beside it, run first, and put back. */
export async function writeTransactionHook(hooksFolder: string, hook: TransactionHook): Promise<void> {
  const file = path.join(hooksFolder, NAME)
  const script = await transactionHookScript(hook)
  if ((await exists(file)) && !(await isOurs(file))) await rename(file, keptPath(file))
  // git looks at everything in its folder of hooks; beside the marker nobody does
  await writeByWayOf(path.dirname(hook.marker), file, { content: script, mode: 0o755 })
}

/** Takes back a hook that a push left behind (it failed, or was killed). Answers true when there was one. */
export async function removeTransactionHook(hooksFolder: string): Promise<boolean> {
  const file = path.join(hooksFolder, NAME)
  const left = await isOurs(file)
  if (left) await rm(file, { force: true })
  if ((await exists(keptPath(file))) && !(await exists(file))) await rename(keptPath(file), file)
  return left
}

/**
 * Variables under which git and ssh ask nobody anything: a push inside a push must never wait for a person. `sshCommand` is `git config core.sshCommand`, if
 * set; a command that is not plain ssh is left alone, as it may not take ssh's options.
 */
export function quietPushEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  sshCommand: string | undefined,
): Record<string, string> {
  const ssh = environment['GIT_SSH_COMMAND'] ?? sshCommand ?? environment['GIT_SSH'] ?? 'ssh'
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    SSH_ASKPASS: 'true',
    // OpenSSH 8.4 and newer then asks SSH_ASKPASS, which answers nothing, and not the terminal.
    SSH_ASKPASS_REQUIRE: 'force',
    ...(/^ssh(\s|$)/.test(ssh) ? { GIT_SSH_COMMAND: `${ssh} -oBatchMode=yes` } : {}),
  }
}

function keptPath(file: string): string {
  return `${file}.tandem-original`
}

async function isOurs(file: string): Promise<boolean> {
  return (await readFile(file, 'latin1').catch(() => '')).includes(OURS)
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}
