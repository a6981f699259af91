/** docs/commands.md and README.md list what the program has: a command or option that is added, renamed or removed shows here. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands/index.ts'
import { EXIT_CODES } from '../../../src/model/errors.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const page = readFileSync(path.join(ROOT, 'docs/commands.md'), 'utf8')
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8')
const shown = COMMANDS.filter(({ describe: words }) => words !== false)

/** The part of the page about a command; `pause` and `resume` share one. */
function sectionOf(name: string): string {
  const sections = page.split(/^## /m)
  const found = sections.find((section) => new RegExp(`^(?:[^\\n]*, )?\`${name}[ \`]`).test(section))
  if (found === undefined) throw new Error(`docs/commands.md has no section on ${name}`)
  return found
}

describe('docs/commands.md', () => {
  test.each(
    shown.map(
      ({ usage, options, positionals }) => [usage.split(' ')[0] as string, { ...options }, { ...positionals }] as const,
    ),
  )('tells every option of %s', (name, options, positionals) => {
    const section = sectionOf(name)
    for (const [option, { default: usual }] of Object.entries(options))
      if (!Object.hasOwn(positionals, option))
        expect(section, `--${option} of ${name}`).toContain(`--${usual === true ? `no-${option}` : option}`)
  })

  test('names no option that the program does not have', () => {
    const known = new Set(COMMANDS.flatMap(({ options }) => Object.keys(options ?? {})))
    const everywhere = [
      'json',
      'yes',
      'quiet',
      'verbose',
      'help',
      'export',
      'merge',
      'stats',
      'sync',
      'continue',
      'no-edit',
    ]
    const named = [...page.matchAll(/--([a-z][a-z-]*)/g)].map((match) => match[1] as string)
    const wrong = named.filter((name) => !everywhere.includes(name) && !known.has(name.replace(/^no-/, '')))
    expect(wrong).toEqual([])
  })

  test('has a section for every command, and for no other', () => {
    const headings = [...page.matchAll(/^## (`.*)$/gm)].flatMap((match) => [
      ...(match[1] ?? '').matchAll(/`([a-z-]+)/g),
    ])
    expect(new Set(headings.map((match) => match[1]))).toEqual(new Set(shown.map(({ usage }) => usage.split(' ')[0])))
  })
})

test.each(EXIT_CODES)('exit code %i stands in docs/commands.md and in README.md', (code) => {
  const row = new RegExp(`^\\| ${code} +\\| `, 'm')
  expect(page).toMatch(row)
  expect(readme).toMatch(row)
})
