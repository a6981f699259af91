/**
 * `init --source NAME=URL` where there is a configuration already: corrects a URL that was mistyped. What other machines have too, because it is committed, is not changed by
 * a flag.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { SourceConfig } from '../../config/config.ts'
import { CONFIG_FILE, parseConfig, resolveConfig } from '../../config/load.ts'
import { parseDotenv } from '../../config/source-url.ts'
import { parseTemplate } from '../../config/template.ts'
import { wholeVariable } from '../../config/written-url.ts'
import { readHead } from '../../git/head.ts'
import type { Repository } from '../../git/repository.ts'
import { UsageError } from '../../model/errors.ts'
import { type SourceArgument, editConfig, plainUrl, writeSecrets, writtenUrl } from './write-config.ts'

/** Answers what was, or would be, done, in words. @throws UsageError for a source that the configuration does not have, or whose URL is committed */
export async function correctConfig(
  repository: Repository,
  given: readonly SourceArgument[],
  dryRun: boolean,
): Promise<string[]> {
  if (given.length === 0) return []
  const text = await readFile(path.join(repository.root, CONFIG_FILE), 'utf8')
  const { sources } = resolveConfig(parseConfig(text, CONFIG_FILE))
  const done: string[] = []
  for (const { name, url } of given) {
    const source = sources.find((each) => each.name === name)
    if (source === undefined) throw unknownSource(name, sources)
    done.push(...(await correctSource(repository, source, { url: plainUrl(url, repository.root), dryRun })))
  }
  return done
}

function unknownSource(name: string, sources: readonly SourceConfig[]): UsageError {
  return new UsageError(`${CONFIG_FILE} has no source ${name}: it has ${sources.map((each) => each.name).join(', ')}`, {
    hint: `To add it, write it below "sources" in ${CONFIG_FILE}: "${name}": { "url": "…" }, then: tandem init`,
  })
}

async function correctSource(
  repository: Repository,
  { name, urlTemplate }: SourceConfig,
  { url, dryRun }: { readonly url: string; readonly dryRun: boolean },
): Promise<string[]> {
  const variable = wholeVariable(parseTemplate(urlTemplate, `source ${name}`))
  if (variable !== undefined) return correctVariable(repository, variable.name, { url, dryRun })
  if (urlTemplate === url) return []
  if (await isCommitted(repository))
    throw new UsageError(`source ${name} has another url in ${CONFIG_FILE}, which is committed: ${urlTemplate}`, {
      hint: `For this clone only: git config tandem.source.${name}.url URL. For every machine: write the url into sources.${name}.url of ${CONFIG_FILE} and commit it. Then: tandem init`,
    })
  const secrets = new Map<string, string>()
  const written = writtenUrl(name, url, secrets)
  if (dryRun) return [`would change the url of source ${name} in ${CONFIG_FILE}`]
  if (secrets.size > 0) await writeSecrets(repository, secrets)
  await editConfig(repository, name, { url: written })
  return [`changed the url of source ${name} in ${CONFIG_FILE}: ${urlTemplate} → ${written}`]
}

/** `.env` is this machine's own, so it may be corrected whatever is committed. */
async function correctVariable(
  repository: Repository,
  variable: string,
  { url, dryRun }: { readonly url: string; readonly dryRun: boolean },
): Promise<string[]> {
  const dotenv = await readFile(path.join(repository.root, '.env'), 'utf8').catch(() => '')
  const before = parseDotenv(dotenv).get(variable)
  if (before === url) return []
  if (!dryRun) await writeSecrets(repository, new Map([[variable, url]]))
  const verb = before === undefined ? 'put' : 'changed'
  return [
    `${dryRun ? 'would have ' : ''}${verb} ${variable} ${before === undefined ? 'into' : 'in'} .env, which git ignores`,
  ]
}

async function isCommitted(repository: Repository): Promise<boolean> {
  const { commit } = await readHead(repository)
  return commit !== undefined && (await repository.git(['ls-tree', commit, '--', CONFIG_FILE])) !== ''
}
