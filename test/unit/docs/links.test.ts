/** Every relative link of the documents leads to a file and heading that are there, and every file of the program that they name exists. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './literals.ts'

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(path.join(ROOT, 'docs/guides')).map((name) => `docs/guides/${name}`),
]

function textOf(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8')
}

/** Without blocks of code, in which nothing is a link or a heading. */
function proseOf(text: string): string {
  return text.replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, '')
}

/** The targets of `[words](target)`, those of other sites apart. */
function linksIn(text: string): string[] {
  const targets = [...proseOf(text).matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? '')
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

/** The anchors that a forge gives to headings: lower case, blanks as hyphens, without other signs. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function isBroken(page: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const found = file === '' ? path.join(ROOT, page) : path.resolve(ROOT, path.dirname(page), file)
  if (!existsSync(found)) return true
  return anchor !== undefined && !anchorsOf(readFileSync(found, 'utf8')).includes(anchor)
}

/** Paths of the program in a text: `src/merge/winner.ts`, `test/e2e`. */
function pathsIn(text: string): string[] {
  const paths = [...text.matchAll(/(?<![\w./-])(?:src|test|hooks|templates|bench)\/[\w@./-]*\w/g)]
  return [...new Set(paths.map((match) => match[0]))]
}

function isMissing(file: string): boolean {
  return !existsSync(path.join(ROOT, file))
}

describe.each(PAGES)('%s', (page) => {
  test('has no broken link', () => {
    expect(linksIn(textOf(page)).filter((target) => isBroken(page, target))).toEqual([])
  })

  test('names no file of the program that is not there', () => {
    expect(pathsIn(textOf(page)).filter(isMissing)).toEqual([])
  })
})

test('a broken link, a heading that is not there and a lost file are found', () => {
  const links = linksIn('[a](docs/keys.md) [b](docs/nowhere.md) [c](docs/keys.md#nowhere) [d](https://example.org)')
  expect(links.filter((target) => isBroken('README.md', target))).toEqual(['docs/nowhere.md', 'docs/keys.md#nowhere'])
  expect(pathsIn('`src/cli/main.ts`, `src/cli/lost.ts` and .git/hooks/pre-push').filter(isMissing)).toEqual([
    'src/cli/lost.ts',
  ])
})

test('every page is to be found from the README', () => {
  const linked = new Set(linksIn(textOf('README.md')).map((target) => target.split('#')[0]))
  expect(PAGES.filter((page) => page !== 'README.md' && !linked.has(page))).toEqual([])
})
