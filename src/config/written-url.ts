/**
 * Checks the part of a URL that is written in the configuration. Everybody who can push to the repository can write that file, so it may have no password, no option that reads
 * files or leads to another host, and no database file outside the work tree. The template is checked before any variable is filled in.
 */
import { UsageError } from '../model/errors.ts'
import { isCredentialField } from './credentials.ts'
import { nearestName } from './nearest.ts'
import { insideWorkTree } from './place.ts'
import { printable } from './printable.ts'
import { sqlitePath } from './sqlite-file.ts'
import { type TemplatePart, UNKNOWN, fillTemplate, parseTemplate } from './template.ts'
import { type UrlEngine, allowedOption, optionNames } from './url-options.ts'

const SCHEME = /^([a-z][a-z0-9+.-]*):/

const NETWORK_URL = /^[a-z0-9+.-]+:\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?<fragment>#.*)?$/is

const FORMS =
  'sqlite:data/app.db, postgres://user:${PASSWORD}@host/database or mongodb://user:${PASSWORD}@host/database'

/** The engine that a URL's scheme names; undefined for any other text. The scheme must be in lower case, so that no other spelling gets past a check. */
export function engineOf(url: string): 'postgres' | 'mongodb' | 'sqlite' | undefined {
  const scheme = SCHEME.exec(url)?.[1]
  if (scheme === 'sqlite' || scheme === 'file') return 'sqlite'
  if (scheme === 'postgres' || scheme === 'postgresql') return 'postgres'
  return scheme === 'mongodb' || scheme === 'mongodb+srv' ? 'mongodb' : undefined
}

/** The variable whose value is the whole URL; undefined when the URL has other parts. */
export function wholeVariable(parts: readonly TemplatePart[]): Extract<TemplatePart, { kind: 'variable' }> | undefined {
  const [first, second] = parts
  return first?.kind === 'variable' && second === undefined ? first : undefined
}

/**
 * Checks a URL template twice: with its variables unknown, and with their defaults filled in.
 * @param where names the option in messages
 * @throws UsageError saying what is not allowed in a committed URL and what to write instead
 */
export function checkWrittenUrl(parts: readonly TemplatePart[], where: string): void {
  const whole = wholeVariable(parts)
  if (whole !== undefined) {
    if (whole.fallback !== undefined) checkText(whole.fallback, where)
    return
  }
  for (const part of parts) {
    if (part.kind === 'variable' && /[?#&@=]/.test(part.fallback ?? '')) {
      throw new UsageError(`${where}: the default of \${${part.name}} holds one of ? # & @ =`, {
        hint: 'Let the variable stand for the whole URL, or write these characters outside of it.',
      })
    }
  }
  checkText(
    fillTemplate(parts, () => UNKNOWN),
    where,
  )
  checkText(
    fillTemplate(parts, (variable) => variable.fallback ?? UNKNOWN),
    where,
  )
}

function checkText(text: string, where: string): void {
  const engine = engineOf(text)
  if (engine === 'sqlite') return checkDatabaseFile(text, where)
  if (engine !== undefined) return checkNetworkUrl(text, { engine, where })
  const rest = new RegExp(`^${UNKNOWN}(?:/[^?#@:]*)?(?:\\?(?<query>[^#@]*))?$`).exec(text)
  if (rest === null) throw new UsageError(`${where}: is no URL that tandem knows`, { hint: `Write ${FORMS}.` })
  checkOptions(rest.groups?.['query'], { engine: undefined, where })
}

/**
 * Checks that the path in `sqlite:PATH` or `file:PATH` is inside the work tree, by its text alone.
 * @throws UsageError when it is not
 */
export function checkDatabaseFile(url: string, where: string): void {
  insideWorkTree(sqlitePath(url), where)
}

/** The engine of the URL that is checked, and the option that messages name. */
interface UrlCheck {
  readonly engine: UrlEngine
  readonly where: string
}

function checkNetworkUrl(text: string, check: UrlCheck): void {
  if (text.includes(' ')) throw new UsageError(`${check.where}: has a space`, { hint: 'Write %20 instead.' })
  const groups = NETWORK_URL.exec(text)?.groups
  if (groups === undefined) throw new UsageError(`${check.where}: is no full URL`, { hint: `Write ${FORMS}.` })
  const { authority = '', path = '', query, fragment } = groups
  const userinfo = authority.slice(0, Math.max(0, authority.lastIndexOf('@')))
  const password = userinfo.includes(':') ? userinfo.slice(userinfo.indexOf(':') + 1) : ''
  if (password.replaceAll(UNKNOWN, '') !== '') throw writtenPassword(check.where)
  if (`${path}${query ?? ''}${fragment ?? ''}`.includes('@')) {
    throw new UsageError(`${check.where}: has an @ after the host`, {
      hint: 'In a database name or option write %40. A password does not belong into this file: use ${NAME}.',
    })
  }
  if (fragment !== undefined) throw new UsageError(`${check.where}: has a #`, { hint: 'Write %23 instead.' })
  checkOptions(query, check)
}

function writtenPassword(where: string): UsageError {
  return new UsageError(`${where}: a password is written in the file, and would be committed`, {
    hint: 'Write ${NAME} in its place and put NAME=… into .env (git-ignored) or the environment. If it was ever committed, change it in the database.',
  })
}

function checkOptions(query: string | undefined, check: UrlCheck): void {
  for (const option of (query ?? '').split('&')) {
    if (option === '' || option === UNKNOWN) continue
    const [[name, value] = ['', '']] = [...new URLSearchParams(option)]
    checkOption(name, value, check)
  }
}

function checkOption(name: string, value: string, { engine, where }: UrlCheck): void {
  if (isCredentialField(name) && value.replaceAll(UNKNOWN, '') !== '') throw writtenPassword(where)
  const allowed = allowedOption(engine, name)
  if (allowed === undefined) {
    const nearest = nearestName(name, optionNames(engine))
    throw new UsageError(
      `${where}: the option "${printable(name.replaceAll(UNKNOWN, '${…}'))}" may not stand in a committed URL`,
      {
        hint: `${nearest === undefined ? '' : `Did you mean "${nearest}"? `}Allowed: ${optionNames(engine).join(', ')}. A URL taken whole from a variable may use every option of the driver.`,
      },
    )
  }
  if (!value.includes(UNKNOWN) && allowed.values?.test(value) === false) {
    throw new UsageError(`${where}: the option "${name}" may not be "${printable(value)}" in a committed URL`, {
      hint: `It must fit ${allowed.values.source}. A URL taken whole from a variable may use every value.`,
    })
  }
}

/** The parts of a URL template of the configuration, checked. @throws UsageError saying what is not allowed */
export function writtenUrl(template: string, where: string): readonly TemplatePart[] {
  const parts = parseTemplate(template, where)
  checkWrittenUrl(parts, where)
  return parts
}
