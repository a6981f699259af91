/**
 * What a URL may be as far as it is written in the configuration, which everybody who can push to the repository can write: no password, no option that reads files
 * or leads elsewhere, no database file outside the work tree. Judged on the template, before any variable is filled in.
 */
import { UsageError } from '../model/errors.ts'
import { isCredentialField } from './credentials.ts'
import { nearestName } from './nearest.ts'
import { insideWorkTree } from './place.ts'
import { printable } from './printable.ts'
import { fillTemplate, parseTemplate, UNKNOWN, type TemplatePart } from './template.ts'
import { allowedOption, optionNames, type UrlEngine } from './url-options.ts'

const SCHEME = /^([a-z][a-z0-9+.-]*):/
const NETWORK_URL = /^[a-z0-9+.-]+:\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?<fragment>#.*)?$/is
const FORMS =
  'sqlite:data/app.db, postgres://user:${PASSWORD}@host/database or mongodb://user:${PASSWORD}@host/database'

/** The engine a URL's scheme names, which is written in lower case (one spelling, so that no check is passed by another); undefined for any other text. */
export function engineOf(url: string): 'postgres' | 'mongodb' | 'sqlite' | undefined {
  const scheme = SCHEME.exec(url)?.[1]
  if (scheme === 'sqlite') return 'sqlite'
  if (scheme === 'postgres' || scheme === 'postgresql') return 'postgres'
  return scheme === 'mongodb' || scheme === 'mongodb+srv' ? 'mongodb' : undefined
}

/** The name of the variable that a URL wholly comes from, if it does. */
export function wholeVariable(parts: readonly TemplatePart[]): Extract<TemplatePart, { kind: 'variable' }> | undefined {
  const [first, second] = parts
  return first?.kind === 'variable' && second === undefined ? first : undefined
}

/**
 * Checks a URL template as written, both with its defaults and with its variables unknown.
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
 * The path of `sqlite:PATH`, checked to lie inside the work tree by its text.
 * @throws UsageError
 */
export function checkDatabaseFile(url: string, where: string): void {
  const path = url.slice('sqlite:'.length)
  insideWorkTree(path, where)
}

interface Place {
  readonly engine: UrlEngine
  readonly where: string
}

function checkNetworkUrl(text: string, place: Place): void {
  if (text.includes(' ')) throw new UsageError(`${place.where}: has a space`, { hint: 'Write %20 instead.' })
  const groups = NETWORK_URL.exec(text)?.groups
  if (groups === undefined) throw new UsageError(`${place.where}: is no full URL`, { hint: `Write ${FORMS}.` })
  const { authority = '', path = '', query, fragment } = groups
  const userinfo = authority.slice(0, Math.max(0, authority.lastIndexOf('@')))
  const password = userinfo.includes(':') ? userinfo.slice(userinfo.indexOf(':') + 1) : ''
  if (password.replaceAll(UNKNOWN, '') !== '') throw writtenPassword(place.where)
  if (`${path}${query ?? ''}${fragment ?? ''}`.includes('@')) {
    throw new UsageError(`${place.where}: has an @ after the host`, {
      hint: 'In a database name or option write %40. A password does not belong into this file: use ${NAME}.',
    })
  }
  if (fragment !== undefined) throw new UsageError(`${place.where}: has a #`, { hint: 'Write %23 instead.' })
  checkOptions(query, place)
}

function writtenPassword(where: string): UsageError {
  return new UsageError(`${where}: a password is written in the file, and would be committed`, {
    hint: 'Write ${NAME} in its place and put NAME=… into .env (git-ignored) or the environment. If it was ever committed, change it in the database.',
  })
}

function checkOptions(query: string | undefined, place: Place): void {
  for (const option of (query ?? '').split('&')) {
    if (option === '' || option === UNKNOWN) continue
    const [[name, value] = ['', '']] = [...new URLSearchParams(option)]
    checkOption(name, value, place)
  }
}

function checkOption(name: string, value: string, { engine, where }: Place): void {
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

/** Reads and checks a URL template of the configuration. @throws UsageError */
export function writtenUrl(template: string, where: string): readonly TemplatePart[] {
  const parts = parseTemplate(template, where)
  checkWrittenUrl(parts, where)
  return parts
}
