/** docs/commands.md and README.md list what the program has: a command or option that is added, renamed or removed shows here. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../src/cli/command.ts'
import { loadCommands } from '../../../src/cli/commands/index.ts'
import { EXIT_CODES } from '../../../src/model/errors.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const page = readFileSync(path.join(ROOT, 'docs/commands.md'), 'utf8')
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8')
const COMMANDS = await loadCommands(undefined)
const shown = COMMANDS.filter(({ describe: words }) => words !== false)

/** The part of the page about a command; `pause` and `resume` share one. */
function sectionOf(name: string): string {
  const sections = page.split(/^## /m)
  const found = sections.find((section) => new RegExp(`^(?:[^\\n]*, )?\`${name}[ \`]`).test(section))
  if (found === undefined) throw new Error(`docs/commands.md has no section on ${name}`)
  return found
}

function nameOf({ usage }: Command): string {
  return usage.split(' ')[0] as string
}

/** `--base`; `--no-push` for what is on unless it is switched off. */
function optionsOf({ options = {}, positionals = {} }: Command): string[] {
  return Object.entries(options)
    .filter(([name]) => !Object.hasOwn(positionals, name))
    .map(([name, option]) => (option.default === true ? `--no-${name}` : `--${name}`))
}

describe('docs/commands.md', () => {
  test.each(shown.map((command) => [nameOf(command), command] as const))(
    'tells every option of %s',
    (name, command) => {
      const section = sectionOf(name)
      const untold = optionsOf(command).filter((option) => !section.includes(option))
      expect(untold).toEqual([])
    },
  )

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
    expect(new Set(headings.map((match) => match[1]))).toEqual(new Set(shown.map(nameOf)))
  })
})

test.each(EXIT_CODES)('exit code %i stands in docs/commands.md and in README.md', (code) => {
  const row = new RegExp(`^\\| ${code} +\\| `, 'm')
  expect(page).toMatch(row)
  expect(readme).toMatch(row)
})
