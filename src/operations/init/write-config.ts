/** The configuration that `init` writes where there is none, from `--source NAME=URL`. A URL with credentials goes into `.env`, never into the committed file. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { CONFIG_FILE, parseConfig, resolveConfig } from '../../config/load.ts'
import { exists } from '../../git/head.ts'
import { scriptFolder } from '../../git/install/scripts.ts'
import type { Repository } from '../../git/repository.ts'
import { writeByWayOf } from '../../io/atomic-write.ts'
import { UsageError } from '../../model/errors.ts'

/** `app=sqlite:data/app.db`, taken apart. */
export interface SourceArgument {
  readonly name: string
  readonly url: string
}

/** @throws UsageError when it is not of the form NAME=URL */
export function parseSourceArgument(text: string): SourceArgument {
  const match = /^([A-Za-z0-9_-]+)=(.+)$/s.exec(text)
  if (match === null)
    throw new UsageError(`--source ${text}: expected NAME=URL`, {
      hint: 'For example: --source app=sqlite:data/app.db',
    })
  return { name: match[1] as string, url: match[2] as string }
}

/**
 * Writes the configuration if there is none; answers what was done, in words.
 * @throws UsageError when there is none and no source is named, or the sources named are not valid
 */
export async function writeConfig(
  repository: Repository,
  sources: readonly SourceArgument[],
  dryRun: boolean,
): Promise<string[]> {
  const file = path.join(repository.root, CONFIG_FILE)
  if (await exists(file)) return []
  if (sources.length === 0)
    throw new UsageError(`there is no ${CONFIG_FILE}, and no source was named`, {
      hint: 'For example: tandem init --source app=sqlite:data/app.db (or postgres://…, mongodb://…)',
    })
  const secrets = new Map<string, string>()
  const urls = sources.map(({ name, url }) => [name, { url: writtenUrl(name, url, secrets) }] as const)
  const config = {
    $schema: './node_modules/git-tandem/templates/config.schema.json',
    sources: Object.fromEntries(urls),
  }
  const text = `${JSON.stringify(config, undefined, 2)}\n`
  resolveConfig(parseConfig(text, CONFIG_FILE))
  if (dryRun) return [`would write ${CONFIG_FILE}`]
  // last, since the next run goes by it: killed before, all of this is done again
  if (secrets.size > 0) await writeSecrets(repository, secrets)
  await writeByWayOf(scriptFolder(repository.commonDir), file, { content: text })
  return [
    `wrote ${CONFIG_FILE}: commit it`,
    ...[...secrets.keys()].map((name) => `put ${name} into .env, which git ignores: set it on the other machine too`),
  ]
}

/** A URL that is the same on both machines stands in the file; one with credentials, or of this machine's file system, becomes a variable. */
function writtenUrl(name: string, url: string, secrets: Map<string, string>): string {
  if (!/^[a-z+]+:\/\/[^/]*@/i.test(url) && !/^sqlite:(\/|[A-Za-z]:|.*\.\.)/.test(url)) return url
  const variable = `${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_DATABASE_URL`
  secrets.set(variable, url)
  return `\${${variable}}`
}

/** `.gitignore` first: at no moment is there a secret that `git add` would take. */
async function writeSecrets(repository: Repository, secrets: ReadonlyMap<string, string>): Promise<void> {
  const ignored = await repository.git(['check-ignore', '--no-index', '--', '.env'], { answers: [1] })
  if (ignored === '') await addLines(repository, '.gitignore', { lines: ['.env'] })
  const lines = [...secrets].map(([name, value]) => `${name}='${value}'`)
  await addLines(repository, '.env', { lines, mode: 0o600 })
}

/** Adds to a file of the root the lines that it does not hold yet. */
async function addLines(
  repository: Repository,
  name: string,
  { lines, mode }: { readonly lines: readonly string[]; readonly mode?: number },
): Promise<void> {
  const file = path.join(repository.root, name)
  const before = await readFile(file, 'utf8').catch(() => '')
  const gap = before === '' || before.endsWith('\n') ? '' : '\n'
  const missing = lines.filter((line) => !before.split('\n').includes(line)).map((line) => `${line}\n`)
  const content = `${before}${gap}${missing.join('')}`
  const folder = scriptFolder(repository.commonDir)
  await writeByWayOf(folder, file, mode === undefined ? { content } : { content, mode })
}
