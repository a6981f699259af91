/** The configurations in docs/guides are complete: whoever copies one gets no error for it. */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig, resolveConfig } from '../../../src/config/load.ts'
import { ROOT } from './literals.ts'

const FOLDER = path.join(ROOT, 'docs/guides')

/** The blocks of JSON of a page. */
function blocksOf(page: string): string[] {
  const text = readFileSync(path.join(FOLDER, page), 'utf8')
  return [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '')
}

const PAGES = readdirSync(FOLDER)

test('there are guides', () => {
  expect(PAGES.toSorted()).toEqual(['django.md', 'prisma.md', 'rails.md', 'telegram-bot-mongodb.md'])
})

describe.each(PAGES)('docs/guides/%s', (page) => {
  test('shows a configuration that fits the schema', () => {
    const blocks = blocksOf(page)
    expect(blocks).toHaveLength(1)
    for (const block of blocks) {
      const { sources } = resolveConfig(parseConfig(block, page))
      expect(sources.map(({ name }) => name)).toEqual(['app'])
    }
  })
})
