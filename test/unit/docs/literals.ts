/** The texts that stand in the program's source, and whether a page shows one of them: what documents say of messages is compared with the program by these. */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../../..')

const SRC = path.join(ROOT, 'src')

export interface Literal {
  /** Without its quotes. */
  readonly text: string
  /** The code in front of it, comments taken out. */
  readonly before: string
}

/** Every source file of the program, from `src` on: `src/cli/main.ts`. The demo is none of it. */
export function sourceFiles(): readonly string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('demo'))
    .map((file) => `src/${file.split(path.sep).join('/')}`)
    .sort()
}

/** A source file without its comments. */
export function codeOf(file: string): string {
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

const LITERAL = /`((?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`)*\})*)`|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g

/** The string and template literals of some code. */
export function literalsIn(code: string): readonly Literal[] {
  return [...code.matchAll(LITERAL)].map((match) => ({
    text: match[1] ?? match[2] ?? match[3] ?? '',
    before: code.slice(0, match.index),
  }))
}

/** What of a literal is fixed; single characters between two values tell nothing. */
export function fixedParts(literal: string): readonly string[] {
  return literal.split(/\$\{(?:[^{}`]|`[^`]*`)*\}/).filter((part) => part.trim().length > 2)
}

/** True for a sentence: enough fixed text to know it again. */
export function isSentence(literal: string): boolean {
  const fixed = fixedParts(literal).join('').trim()
  return fixed.length >= 12 && fixed.includes(' ')
}

/** True when a shown message, with words in capitals for values, has all that is fixed in the literal, in order. */
export function shows(message: string, literal: string): boolean {
  let at = 0
  for (const part of fixedParts(literal)) {
    const found = message.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return true
}
