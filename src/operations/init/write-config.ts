/** The configuration that `init` writes where there is none, from `--source NAME=URL`. A URL with credentials goes into `.env`, never into the committed file. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { CollectionOptions, SourceOptions } from '../../config/config.ts'
import { CONFIG_FILE, parseConfig, resolveConfig } from '../../config/load.ts'
import { sqliteFile } from '../../config/sqlite-file.ts'
import { scriptFolder } from '../../git/install/scripts.ts'
import type { Repository } from '../../git/repository.ts'
import { writeByWayOf } from '../../io/atomic-write.ts'
import { UsageError } from '../../model/errors.ts'
import { addLines, isIgnored, setVariable } from './add-lines.ts'

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
 * Writes the first configuration; answers what was done, in words.
 * @throws UsageError when no source is named, or the sources named are not valid
 */
export async function writeConfig(
  repository: Repository,
  sources: readonly SourceArgument[],
  dryRun: boolean,
): Promise<string[]> {
  const file = path.join(repository.root, CONFIG_FILE)
  if (sources.length === 0)
    throw new UsageError(`there is no ${CONFIG_FILE}, and no source was named`, {
      hint: 'For example: tandem init --source app=sqlite:data/app.db (or postgres://…, mongodb://…)',
    })
  const secrets = new Map<string, string>()
  const urls = sources.map(
    ({ name, url }) => [name, { url: writtenUrl(name, plainUrl(url, repository.root), secrets) }] as const,
  )
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
    ...[...secrets.keys()].map(
      (name) =>
        `put ${name} into .env, which git ignores: which the other machine needs too, with the URL of its own database`,
    ),
  ]
}

/** A change of one source in the configuration: its URL, what it excludes, or the options of one collection. */
export type ConfigEdit =
  | { readonly exclude: readonly string[] }
  | { readonly url: string }
  | { readonly collection: string; readonly options: CollectionOptions }

/** Changes the configuration file. The rest of it keeps its order, and is indented by two spaces. @throws UsageError when the result would not be valid */
export async function editConfig(repository: Repository, source: string, edit: ConfigEdit): Promise<void> {
  const file = path.join(repository.root, CONFIG_FILE)
  const { options } = parseConfig(await readFile(file, 'utf8'), CONFIG_FILE)
  const before = options.sources[source]
  const after = edited(before, edit)
  const text = `${JSON.stringify({ ...options, sources: { ...options.sources, [source]: after } }, undefined, 2)}\n`
  resolveConfig(parseConfig(text, CONFIG_FILE))
  await writeByWayOf(scriptFolder(repository.commonDir), file, { content: text })
}

function edited(before: SourceOptions | undefined, edit: ConfigEdit): Partial<SourceOptions> {
  if ('exclude' in edit) return { ...before, exclude: [...new Set([...(before?.exclude ?? []), ...edit.exclude])] }
  if ('url' in edit) return { ...before, url: edit.url }
  return { ...before, collections: { ...before?.collections, [edit.collection]: edit.options } }
}

/** `file:./dev.db` as `sqlite:dev.db`; any other URL as it is. */
export function plainUrl(url: string, root: string): string {
  return url.startsWith('file:') ? `sqlite:${sqliteFile(url, root)}` : url
}

/** Adds words at the top of the configuration; one that is there already stays as it is. Answers what was done, in words. @throws UsageError when the result would not be valid */
export async function addWords(
  repository: Repository,
  words: Readonly<Record<string, object>>,
  dryRun: boolean,
): Promise<string[]> {
  const file = path.join(repository.root, CONFIG_FILE)
  const { options } = parseConfig(await readFile(file, 'utf8'), CONFIG_FILE)
  const kept = Object.keys(words).filter((word) => Object.hasOwn(options, word))
  const added = Object.keys(words).filter((word) => !kept.includes(word))
  const text = `${JSON.stringify({ ...words, ...options }, undefined, 2)}\n`
  resolveConfig(parseConfig(text, CONFIG_FILE))
  if (!dryRun && added.length > 0) await writeByWayOf(scriptFolder(repository.commonDir), file, { content: text })
  return [
    ...(added.length > 0 ? [`${dryRun ? 'would add' : 'added'} ${added.join(', ')} to ${CONFIG_FILE}: commit it`] : []),
    ...kept.map((word) => `${word} is in ${CONFIG_FILE} already and stays as it is`),
  ]
}

/** A URL that is the same on both machines stands in the file; one with credentials, or of this machine's file system, becomes a variable. */
export function writtenUrl(name: string, url: string, secrets: Map<string, string>): string {
  if (!/^[a-z+]+:\/\/[^/]*@/i.test(url) && !/^sqlite:(\/|[A-Za-z]:|.*\.\.)/.test(url)) return url
  const variable = `${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_DATABASE_URL`
  secrets.set(variable, url)
  return `\${${variable}}`
}

/** `.gitignore` first: at no moment is there a secret that `git add` would take. */
export async function writeSecrets(repository: Repository, secrets: ReadonlyMap<string, string>): Promise<void> {
  if (!(await isIgnored(repository, '.env'))) await addLines(repository, '.gitignore', { lines: ['.env'] })
  for (const [name, value] of secrets) await setVariable(repository, '.env', { name, value, mode: 0o600 })
}
