/**
 * Arrays that their column holds as text: JSON in SQLite's text or PostgreSQL's json (`"[1,2]"`), and PostgreSQL's arrays (`"{a,b}"`). Read into elements and written again, so that they
 * can be sets like other arrays.
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO for the form of PostgreSQL's arrays
 */
import { type ValueText, kindOf, splitArray, stringText } from '../../model/canonical.ts'

/** How an array is written: as an array, as JSON in a text, or as PostgreSQL writes its arrays. */
type ArrayForm = 'array' | 'json' | 'postgres'

/** An array as elements, each as JSON text, and how it was written. */
export interface ReadArray {
  readonly form: ArrayForm
  readonly elements: readonly ValueText[]
}

/** The array that a value is, or that its text holds; undefined for any other value, and for arrays of several dimensions in PostgreSQL's form. */
export function readArray(text: ValueText | undefined): ReadArray | undefined {
  if (text === undefined) return undefined
  if (kindOf(text) === 'array') return { form: 'array', elements: splitArray(text) }
  if (!/^"\s*[[{]/.test(text)) return undefined
  const content = JSON.parse(text) as string
  return content.startsWith('{') ? readPostgres(content) : readJson(content)
}

/** The text of an array of a column that holds it as text. */
export function writeArray(form: Exclude<ArrayForm, 'array'>, elements: readonly ValueText[]): ValueText {
  if (form === 'json') return stringText(`[${elements.join(',')}]`)
  return stringText(`{${elements.map(postgresElement).join(',')}}`)
}

function readJson(content: string): ReadArray | undefined {
  try {
    JSON.parse(content)
    return { form: 'json', elements: splitArray(content) }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** One element and what follows it: quoted, with backslashes before quotes and backslashes, or bare. */
const ELEMENT = /(?:"((?:[^"\\]|\\.)*)"|([^"{},\\]+))(,|\}$)/sy

function readPostgres(content: string): ReadArray | undefined {
  if (content === '{}') return { form: 'postgres', elements: [] }
  const elements: ValueText[] = []
  ELEMENT.lastIndex = 1
  for (;;) {
    const match = ELEMENT.exec(content)
    if (match === null) return undefined
    const [, quoted, bare, end] = match
    elements.push(quoted === undefined ? bareElement(bare ?? '') : stringText(quoted.replace(/\\(.)/gs, '$1')))
    if (end === '}') return { form: 'postgres', elements }
  }
}

/** Integers bare, so that they are sorted by value. */
function bareElement(text: string): ValueText {
  if (text === 'NULL') return 'null'
  return /^-?\d+$/.test(text) ? text : stringText(text)
}

/** As `array_out` writes it: quoted where it is empty, reads as NULL, or has a character that means something. */
function postgresElement(element: ValueText): string {
  if (element === 'null') return 'NULL'
  const text = kindOf(element) === 'string' ? (JSON.parse(element) as string) : element
  const isPlain = text !== '' && !/[{}",\\\s\v]/.test(text) && text.toUpperCase() !== 'NULL'
  return isPlain ? text : `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
}
