/** What `tandem doctor` asks of this clone: is everything there that `init` puts there, and does git treat the exports as it must? */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { exportsProblems } from '../../git/install/attributes.ts'
import { filterAbove, filterProblem } from '../../git/install/filters.ts'
import { hasDriver } from '../../git/install/driver.ts'
import { HOOK_NAMES } from '../../git/install/hook-file.ts'
import { findHooksHome } from '../../git/install/hooks-home.ts'
import { type Installed, USUAL_HOOKS, planHooks } from '../../git/install/hooks.ts'
import { silentHooks } from '../../git/install/silent-hooks.ts'
import { scriptFolder, staleScripts } from '../../git/install/scripts.ts'
import { exists } from '../../io/exists.ts'
import { asTandemError } from '../../source/sources.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { type Check, fail, failedBy, ok, warn } from './check.ts'

/** How long the program may take to say its version. */
const START_MS = 20_000

const SET_UP = 'Run: tandem init'

/** The checks of what is installed in this clone. */
export async function checkClone(workspace: Workspace): Promise<Check[]> {
  return [
    await checkHooks(workspace),
    await checkCommand(workspace),
    await checkDriver(workspace),
    await checkExportsFolder(workspace),
    await checkDotenv(workspace),
  ]
}

/** The plan of installing them says what is missing; with a hook manager, whether it still has to be started once. */
async function checkHooks(workspace: Workspace): Promise<Check> {
  const { repository, config } = workspace
  try {
    const wanted = config.exportOn.includes('commit') ? HOOK_NAMES : USUAL_HOOKS
    const plan = await planHooks(repository, wanted)
    const stale = await staleScripts(repository.commonDir)
    const home = await findHooksHome(repository)
    const byHand = plan.hooks.filter(({ action }) => action === 'by-hand')
    const missing = plan.hooks.filter(({ action }) => action !== 'unchanged' && action !== 'by-hand')
    if (missing.length > 0) return fail('hooks', `missing or outdated: ${hookNames(missing)}`, SET_UP)
    if (stale.length > 0) return fail('hooks', `missing or of another version: ${stale.join(', ')}`, SET_UP)
    if (byHand.length > 0)
      return warn('hooks', `${hookNames(byHand)} cannot be installed here, nor looked at`, byHand[0]?.note)
    if (home.kind === 'husky' && home.note !== undefined) return fail('hooks', 'husky does not run them yet', home.note)
    const silent = await silentHooks(repository)
    if (silent !== undefined)
      return fail(
        'hooks',
        `git does not start them: ${silent.hooks.join(', ')} (${silent.reason})`,
        `Run: ${silent.next}`,
      )
    return ok('hooks', `${hookNames(plan.hooks)} (${home.kind === 'files' ? 'git' : home.kind})`)
  } catch (error) {
    return failedBy('hooks', asTandemError(error))
  }
}

function hookNames(hooks: readonly Installed[]): string {
  return hooks.map(({ hook }) => hook).join(', ')
}

/** Starts the program exactly as a hook finds and starts it. */
async function checkCommand({ repository }: Workspace): Promise<Check> {
  const script = path.join(scriptFolder(repository.commonDir), 'command.sh')
  if (!(await exists(script))) return fail('command', 'hooks do not know how to start tandem', SET_UP)
  const lines = '. "$1"; find_tandem || { echo "$missing" >&2; exit 1; }; eval "$tandem --version"'
  const { cwd, environment } = repository.place
  const answer = await new Promise<{ failed: boolean; text: string }>((resolve) => {
    const options = { cwd, env: { ...environment }, timeout: START_MS }
    execFile('sh', ['-c', lines, 'sh', script], options, (error, stdout, stderr) => {
      const text = error === null ? stdout : stderr === '' ? error.message : stderr
      resolve({ failed: error !== null, text: text.trim() })
    })
  })
  if (!answer.failed) return ok('command', `hooks start tandem ${answer.text}`)
  const why = answer.text.split('\n', 1)[0] ?? ''
  return fail('command', `hooks cannot start tandem: ${why}`, `${SET_UP} (it records how it was started)`)
}

async function checkDriver({ repository }: Workspace): Promise<Check> {
  if (await hasDriver(repository)) return ok('merge driver', 'git merges exports record by record')
  return fail('merge driver', 'git would merge exports as plain text', SET_UP)
}

/** Nothing above the exports folder may hide or rewrite the files; without its own .gitattributes a text merge is all there is. */
async function checkExportsFolder({ repository, config }: Workspace): Promise<Check> {
  const filter = await filterAbove(repository, config.exports)
  if (filter !== undefined) {
    const { message, hint } = filterProblem(filter, config.exports)
    return fail('exports folder', message, hint)
  }
  const problems = await exportsProblems(repository, config.exports)
  if (problems.length === 0) return ok('exports folder', `git carries ${config.exports}/ byte for byte`)
  const written = await exists(path.join(repository.root, config.exports, '.gitattributes'))
  if (!written && problems.every((each) => each.startsWith('the attribute')))
    return fail('exports folder', `${config.exports}/.gitattributes is missing: git may rewrite the files`, SET_UP)
  return fail('exports folder', problems.join('; '), 'Correct that rule, then run tandem doctor again.')
}

/** What is pushed once cannot be taken back. */
async function checkDotenv({ repository }: Workspace): Promise<Check> {
  if (!(await exists(path.join(repository.root, '.env')))) return ok('.env', 'there is none')
  const tracked = await repository.git(['ls-files', '--', ':(top,literal).env'])
  if (tracked !== '')
    return fail(
      '.env',
      'git tracks it: every password in it is in the history',
      'Change those passwords, then: git rm --cached .env, and put .env into .gitignore',
    )
  const ignored = await repository.git(['check-ignore', '--no-index', '--', '.env'], { answers: [1] })
  if (ignored !== '') return ok('.env', 'git ignores it')
  return fail('.env', 'git does not ignore it: the next `git add .` would commit it', 'Put .env into .gitignore.')
}
