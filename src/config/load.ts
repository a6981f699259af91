/** Turns the text of `tandem.config.json` into a checked configuration with its defaults. Checks the syntax, then the schema, then what a schema cannot express. */
import { UsageError } from '../model/errors.ts'
import type { CollectionOptions, Config, ConfigFile, ConfigOptions, OptionPath, SourceConfig } from './config.ts'
import { resolveBackup } from './backup.ts'
import { resolveMirror } from './mirror.ts'
import { isDeviceName } from './folder.ts'
import { resolveHealth, resolveQueue } from './health.ts'
import { parseJson } from './json.ts'
import { resolveNotify } from './notify.ts'
import { insideWorkTree } from './place.ts'
import { printable } from './printable.ts'
import { resolveSchedule } from './schedule.ts'
import { schemaProblems } from './schema.ts'
import { writtenUrl } from './written-url.ts'

/** Name of the file at the repository's root. */
export const CONFIG_FILE = 'tandem.config.json'

/**
 * Reads and validates the text of a configuration.
 * @param path the file's path as messages name it
 * @param isValid true when an earlier run found that this text fits the schema; it is then not validated again
 * @throws UsageError for a syntax error (file, line, column), or with one line for each option that does not fit the schema
 */
export function parseConfig(text: string, path: string, isValid = false): ConfigFile {
  const json = parseJson(text, path)
  const where = (option: OptionPath): string => placeOf(`${path}:${json.lineOf(option)}`, option)
  const problems = (isValid ? [] : schemaProblems(json.value))
    .map((problem) => ({ line: json.lineOf(problem.path), text: `${where(problem.path)}: ${problem.message}` }))
    .sort((a, b) => a.line - b.line)
  if (problems.length > 0) {
    throw new UsageError(problems.map((problem) => problem.text).join('\n'), {
      hint: 'docs/configuration.md describes every option.',
    })
  }
  return { path, options: json.value as ConfigOptions, where }
}

function placeOf(line: string, option: OptionPath): string {
  return option.length === 0 ? line : `${line}: ${printable(option.join('.'))}`
}

/**
 * The configuration with its defaults. URLs stay templates: `sourceUrl` fills in one at a time, so that a missing variable of one source does not stop the others.
 * @throws UsageError for a name, path, URL or zone that is not allowed, naming file, line and option
 */
export function resolveConfig(file: ConfigFile): Config {
  const { options, where } = file
  checkSourceNames(file)
  return {
    path: file.path,
    exports: insideWorkTree(options.exports ?? 'exports', where(['exports'])),
    branches: options.branches,
    exportOn: options.exportOn ?? ['push'],
    commit: { message: 'data: {summary}', author: undefined, signoff: false, verify: true, ...options.commit },
    words: Object.keys(options),
    schedule: resolveSchedule(options.schedule ?? {}, options),
    health: resolveHealth(options.health),
    notify: resolveNotify(options.notify, where),
    queue: resolveQueue(options.queue),
    sources: Object.keys(options.sources).map((name) => resolveSource(file, name)),
    backup: resolveBackup(options.backup),
    mirror: resolveMirror(options.mirror),
  }
}

function checkSourceNames(file: ConfigFile): void {
  const seen = new Map<string, string>()
  for (const name of Object.keys(file.options.sources)) {
    const folded = name.toLowerCase()
    const twin = seen.get(folded)
    const problem =
      folded === 'reports' || folded === 'quarantine'
        ? 'is a folder of tandem itself'
        : isDeviceName(name)
          ? 'is the name of a device on Windows'
          : twin !== undefined &&
            `differs from "${twin}" only in case, and both would be one folder on Windows and macOS`
    if (problem)
      throw new UsageError(`${file.where(['sources', name])}: ${problem}`, { hint: 'Name the source otherwise.' })
    seen.set(folded, name)
  }
}

function resolveSource(file: ConfigFile, name: string): SourceConfig {
  const source = file.options.sources[name]
  if (source === undefined) throw new UsageError(`${file.path}: no source "${name}"`)
  const at = ['sources', name]
  writtenUrl(source.url, file.where([...at, 'url']))
  for (const [collection, options] of Object.entries(source.collections ?? {})) {
    checkCollection(options, { file, at: [...at, 'collections', collection], isDefault: collection === '*' })
  }
  return {
    name,
    urlTemplate: source.url,
    include: source.include ?? ['*'],
    exclude: source.exclude ?? [],
    collections: source.collections ?? {},
  }
}

interface CollectionPlace {
  readonly file: ConfigFile
  readonly at: OptionPath
  readonly isDefault: boolean
}

function checkCollection(options: CollectionOptions, { file, at, isDefault }: CollectionPlace): void {
  if (options.zone !== undefined && !isZone(options.zone)) {
    throw new UsageError(`${file.where([...at, 'zone'])}: "${printable(options.zone)}" is no time zone`, {
      hint: 'Write an IANA name, for example Europe/Berlin or UTC.',
    })
  }
  if (isDefault && options.folder !== undefined) {
    throw new UsageError(`${file.where([...at, 'folder'])}: one folder cannot hold every collection`, {
      hint: 'Name the folder in the entry of one collection.',
    })
  }
}

/** True for an IANA name, or UTC, that the runtime's time zone data has. */
function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}
