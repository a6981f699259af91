/** Placeholders `${NAME}` and `${NAME:-default}` in a URL: finds them, lists their names, fills them in. The text around them is not looked at. */
import { UsageError } from '../model/errors.ts'

/** A part of a template: text as written, or a variable with its default. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | undefined }

const PLACEHOLDER = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** A character that stands for an unknown value when a template is checked before it is filled in. `parseTemplate` refuses it in templates. */
export const UNKNOWN = '\ue000'

/**
 * The parts of a template in their order, without empty texts.
 * @param where names the option in messages
 * @throws UsageError for a broken or nested placeholder and for control characters
 */
export function parseTemplate(template: string, where: string): readonly TemplatePart[] {
  if (/[\p{Cc}\ue000-\uf8ff]/u.test(template)) {
    throw new UsageError(`${where}: has a control character or one of private use`, {
      hint: 'Take it out, or percent-encode it.',
    })
  }
  const parts: TemplatePart[] = []
  let from = 0
  for (const match of template.matchAll(PLACEHOLDER)) {
    parts.push({ kind: 'text', text: template.slice(from, match.index) })
    parts.push({ kind: 'variable', name: match[1] ?? '', fallback: match[2] })
    from = match.index + match[0].length
  }
  parts.push({ kind: 'text', text: template.slice(from) })
  if (parts.some(isBroken)) {
    throw new UsageError(`${where}: has a placeholder that cannot be read`, {
      hint: 'Write ${NAME} or ${NAME:-default}; a default cannot hold another placeholder.',
    })
  }
  return parts.filter((part) => part.kind === 'variable' || part.text !== '')
}

function isBroken(part: TemplatePart): boolean {
  return (part.kind === 'text' ? part.text : (part.fallback ?? '')).includes('${')
}

/** The names of the variables, sorted, each once. */
export function variableNames(parts: readonly TemplatePart[]): string[] {
  return [...new Set(parts.flatMap((part) => (part.kind === 'variable' ? [part.name] : [])))].sort()
}

/** The text of the template with each variable replaced by the result of `value`. */
export function fillTemplate(
  parts: readonly TemplatePart[],
  value: (variable: Extract<TemplatePart, { kind: 'variable' }>) => string,
): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : value(part))).join('')
}
