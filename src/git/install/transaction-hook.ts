/** A hook that exists during one `git push`: when git has moved the tracking ref, the hook pushes the data commit as well (design and reasons: docs/hooks.md). */
import { lstat, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { writeByWayOf } from '../../io/atomic-write.ts'
import { fillIn, packageText } from './scripts.ts'
import { shellCommand, shellQuote } from './shell-words.ts'

/** The values that are filled into the hook's script. */
export interface TransactionHook {
  /** Absolute path of the push's marker file. The hook acts only while it exists, and removes it. */
  readonly marker: string
  /** Process id of the `git push` for which the hook is written. */
  readonly pid: number
  /** `refs/remotes/…`, and the commit that git moves it to. */
  readonly tracking: string
  readonly sent: string
  readonly push: {
    /** The inner push, word by word: `git`, `push`, `--quiet`, remote, `<data commit>:<ref>`. */
    readonly command: readonly string[]
    /** Laid over the environment of the inner push; quietPushEnvironment makes it. */
    readonly environment: Readonly<Record<string, string>>
    /** Run when the remote has the data commit, word by word: it moves the branch. */
    readonly finish: readonly string[]
  }
  /** The line to print when the data commit was pushed, when the remote did not take it, and when git moved the tracking ref without that the push for which the hook is written was there. */
  readonly lines: { readonly sent: string; readonly notSent: string; readonly unsent: string }
}

const NAME = 'reference-transaction'

const OURS = '# git-tandem wrote this hook for one "git push"'

/** The hook's script in sh, with every value quoted. */
export async function transactionHookScript(hook: TransactionHook): Promise<string> {
  // the tool's own pre-push keeps still in the inner push; the user's is asked about the data commit
  const variables = Object.entries({ ...hook.push.environment, TANDEM_INNER: '1', TANDEM_SKIP: '1' })
  return fillIn(await packageText(`hooks/${NAME}.sh`), {
    MARKER: shellQuote(hook.marker),
    PID: shellQuote(String(hook.pid)),
    PUSHED: shellQuote(`${hook.sent} ${hook.tracking}`),
    ENVIRONMENT: `export ${variables.map(([name, value]) => `${name}=${shellQuote(value)}`).join(' ')}`,
    PUSH: shellCommand(hook.push.command),
    FINISH: shellCommand(hook.push.finish),
    SENT: shellQuote(hook.lines.sent),
    NOT_SENT: shellQuote(hook.lines.notSent),
    UNSENT: shellQuote(hook.lines.unsent),
  })
}

/** Writes the hook into git's folder of hooks. A hook of the user's with the same name is renamed; the new hook runs it first, and it is put back afterwards. */
export async function writeTransactionHook(hooksFolder: string, hook: TransactionHook): Promise<void> {
  const file = path.join(hooksFolder, NAME)
  const script = await transactionHookScript(hook)
  if ((await hasEntry(file)) && !(await isOurs(file))) await rename(file, keptPath(file))
  // the temporary file is made beside the marker, because git reads the files in its folder of hooks
  await writeByWayOf(path.dirname(hook.marker), file, { content: script, mode: 0o755 })
}

/** Removes a hook that a failed or killed push left, and puts the user's own back. Returns true when there was one. */
export async function removeTransactionHook(hooksFolder: string): Promise<boolean> {
  const file = path.join(hooksFolder, NAME)
  const left = await isOurs(file)
  if (left) await rm(file, { force: true })
  if ((await hasEntry(keptPath(file))) && !(await hasEntry(file))) await rename(keptPath(file), file)
  return left
}

/**
 * Environment variables with which git and ssh ask no questions: a push inside a push must never wait for a person.
 * @param sshCommand the value of `git config core.sshCommand`, if set; a command other than plain ssh stays as it is, because it may not have ssh's options
 */
export function quietPushEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  sshCommand: string | undefined,
): Record<string, string> {
  const ssh = environment['GIT_SSH_COMMAND'] ?? sshCommand ?? environment['GIT_SSH'] ?? 'ssh'
  return {
    GIT_TERMINAL_PROMPT: '0',
    // an editor's program answers from what it was told for the first push
    GIT_ASKPASS: environment['GIT_ASKPASS'] ?? 'true',
    SSH_ASKPASS: 'true',
    // makes OpenSSH 8.4 and newer ask SSH_ASKPASS, which gives no answer, instead of the terminal
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

/** Also true for a symbolic link that leads nowhere: it is the user's and must be kept. */
async function hasEntry(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}
