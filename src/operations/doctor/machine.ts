/** What `tandem doctor` asks of the machine, whatever the repository: git, Node, and whether the hooks are switched off in this shell. */
import { runGit } from '../../git/run.ts'
import type { Invocation } from '../../workspace/workspace.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** `git rev-parse --path-format` came with 2.31. */
const GIT: Version = [2, 31]

/** `engines` of package.json. */
const NODE: Version = [20, 19]

type Version = readonly [major: number, minor: number]

/** The checks of the machine. */
export async function checkMachine(invocation: Invocation): Promise<Check[]> {
  return [await checkGit(invocation), checkNode(process.versions.node), checkSwitchedOff(invocation)]
}

async function checkGit(invocation: Invocation): Promise<Check> {
  const place = { cwd: invocation.directory, environment: invocation.environment }
  const hint = `Install git ${GIT.join('.')} or newer and put it on PATH.`
  const answer = await runGit(place, ['version']).catch(() => undefined)
  if (answer === undefined) return fail('git', 'git cannot be started', hint)
  const version = answer.stdout.toString().trim()
  return isAtLeast(version, GIT) ? ok('git', version) : fail('git', `${version} is too old`, hint)
}

/** `version` as `process.versions.node` gives it. */
export function checkNode(version: string): Check {
  if (isAtLeast(version, NODE)) return ok('node', `Node.js ${version}`)
  return fail('node', `Node.js ${version} is too old`, `Install Node.js ${NODE.join('.')} or newer.`)
}

/** Compares the first `MAJOR.MINOR` in a text. */
export function isAtLeast(text: string, [major, minor]: Version): boolean {
  const found = /(\d+)\.(\d+)/.exec(text)
  if (found === null) return false
  const [a, b] = [Number(found[1]), Number(found[2])]
  return a > major || (a === major && b >= minor)
}

function checkSwitchedOff({ environment }: Invocation): Check {
  const ci = environment['CI'] ?? ''
  if (environment['TANDEM_SKIP'] === '1')
    return warn('environment', 'TANDEM_SKIP=1: every hook is switched off in this shell', 'Run: unset TANDEM_SKIP')
  if (ci !== '' && ci !== 'false')
    return warn('environment', `CI=${ci}: hooks do nothing here`, 'Outside of continuous integration, run: unset CI')
  return ok('environment', 'neither TANDEM_SKIP nor CI switches the hooks off')
}
