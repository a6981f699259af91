/** docs/architecture.md is a map: every room has its row, and every step and decision names a file. That the files are there, links.test.ts tells. */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './literals.ts'

const page = readFileSync(path.join(ROOT, 'docs/architecture.md'), 'utf8')

const FILE = /`(?:src|hooks)\/[\w./-]+\.(?:ts|sh)`/

function sectionOf(heading: string): string {
  const found = page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`docs/architecture.md has no section ${heading}`)
  return found
}

/** The rows of a section's table, without its head. */
function rowsOf(heading: string): string[] {
  const lines = sectionOf(heading)
    .split('\n')
    .filter((line) => line.startsWith('|'))
  return lines.slice(2)
}

test('every room of src has a row, with a file of its own to open first', () => {
  const rows = rowsOf('Rooms').map((row) => /^\| `([a-z-]+)` +\|.*\| `src\/([a-z-]+)\/[^|`]+` +\|$/.exec(row))
  const rooms = readdirSync(path.join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(rows.length).toBe(rooms.length)
  expect(new Set(rows.map((row) => row?.[1]))).toEqual(new Set(rooms.map(({ name }) => name)))
  expect(rows.filter((row) => row?.[1] !== row?.[2])).toEqual([])
})

test.each(['What happens on a push', 'What happens on a pull'])('%s: every step names a file', (heading) => {
  const steps = sectionOf(heading)
    .split(/^\d+\. /m)
    .slice(1)
  expect(steps.length).toBeGreaterThan(5)
  expect(steps.filter((step) => !FILE.test(step))).toEqual([])
})

test('every decision names the file that makes it', () => {
  const rows = rowsOf('Where each decision is made')
  expect(rows.length).toBeGreaterThan(5)
  expect(rows.filter((row) => !FILE.test(row))).toEqual([])
})
