/** docs/commands.md lists the code of every error of the program, with its exit code: scripts go by them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, codeOf, sourceFiles } from './literals.ts'

const page = readFileSync(path.join(ROOT, 'docs/commands.md'), 'utf8')

/** `new TandemError({ code: 'counts', exitCode: 1 }, …)`, and the same as `super(…)` of a class. */
const KIND = /(?:new TandemError|super)\(\s*\{\s*code: '([a-z-]+)',\s*exitCode: (\d+)\s*\}/g

const kinds = new Map(
  sourceFiles().flatMap((file) => [...codeOf(file).matchAll(KIND)].map((match) => [match[1] ?? '', match[2] ?? ''])),
)

/** Code → exit code, by the table of the page. */
const listed = new Map(
  [...page.matchAll(/^\| `([a-z-]+)` +\| (\d+) +\| \S/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
)

test('docs/commands.md lists exactly the error codes of the program, each with its exit code', () => {
  expect(kinds.get('undone')).toBe('7')
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(kinds))
})

test('every error names its code where it is made, so that it can be found', () => {
  const made = sourceFiles().flatMap((file) => codeOf(file).match(/new TandemError\(/g) ?? [])
  const found = sourceFiles().flatMap((file) => codeOf(file).match(/new TandemError\(\s*\{\s*code: '/g) ?? [])
  expect(made.length).toBeGreaterThan(0)
  expect(found.length).toBe(made.length)
})

test('docs/commands.md lists the codes of what verify finds', () => {
  const [, section = ''] = page.split(/^## `verify`$/m)
  const codes = [...codeOf('src/operations/verify.ts').matchAll(/code: '([a-z-]+)'/g)].map((match) => match[1] ?? '')
  expect(codes.length).toBeGreaterThan(0)
  expect(codes.filter((code) => !section.includes(`\`${code}\``))).toEqual([])
})
