/** Hides the secrets in a URL, so that it may be shown and stored. Every message that names a database uses it. */
import { isCredentialField } from './credentials.ts'

const HIDDEN = '***'

/**
 * The URL with `***` in place of its password and of secret option values. Everything else is kept, so that well-formed URLs to different databases still differ. A password
 * with an unescaped `/`, `?`, `#` or `@` in it is found too: everything between the user and the last `@` is hidden.
 */
export function redactUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0]
  if (scheme === undefined)
    return url.replace(/(\b\w*(?:password|passwd|pwd)\w*\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)/gi, `$1${HIDDEN}`)
  const rest = url.slice(scheme.length)
  const end = userinfoEnd(rest)
  if (end === undefined) return scheme + redactQuery(rest)
  const user = /^[^:/?#@]*/.exec(rest)?.[0] ?? ''
  const hidden = user.length === end ? user : `${user}:${HIDDEN}`
  return `${scheme}${hidden}@${redactQuery(rest.slice(end + 1))}`
}

/** The position of the `@` after user and password: the last `@`, if a user and a password can be before it. In doubt more is hidden than needed. */
function userinfoEnd(rest: string): number | undefined {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const inAuthority = authority.lastIndexOf('@')
  const last = rest.lastIndexOf('@')
  if (last < 0) return undefined
  if (inAuthority === last) return last
  return inAuthority < 0 && !authority.includes(':') ? undefined : last
}

function redactQuery(rest: string): string {
  const mark = rest.indexOf('?')
  if (mark < 0) return rest
  const options = rest.slice(mark + 1).split('&')
  return `${rest.slice(0, mark)}?${options.map(redactOption).join('&')}`
}

function redactOption(option: string): string {
  const equals = option.indexOf('=')
  if (equals < 0) return option
  const name = [...new URLSearchParams(option).keys()][0] ?? ''
  const isSecret = isCredentialField(name) || /pass|secret|token|^authMechanismProperties$/i.test(name)
  return isSecret ? `${option.slice(0, equals)}=${HIDDEN}` : option
}
