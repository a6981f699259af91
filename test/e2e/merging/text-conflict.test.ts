/** Where the program foretells a conflict, the merge driver does not try git's text merge: it has to be right about git. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { foretellTextMerge } from '../../../src/operations/merge-driver/text-conflict.ts'

/** A file of sorted lines: of each record none, or one of three versions of it. */
const file = fc
  .array(fc.constantFrom('', 'a', 'a', 'b', 'c'), { minLength: 1, maxLength: 8 })
  .map((versions) => ['header', ...versions.flatMap((each, i) => (each === '' ? [] : [`${i} ${each}`])), ''].join('\n'))

test('git meets a conflict exactly where one is foretold', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem text merge '))
  try {
    await fc.assert(
      fc.asyncProperty(fc.oneof(file, fc.constant('')), file, file, async (base, ours, theirs) => {
        for (const [name, text] of Object.entries({ base, ours, theirs }))
          await writeFile(path.join(folder, name), text)
        const { status } = spawnSync('git', ['merge-file', '-q', '-p', 'ours', 'base', 'theirs'], { cwd: folder })
        expect(foretellTextMerge({ base, ours, theirs })).toBe(status === 0 ? 'clean' : 'conflict')
      }),
      { numRuns: 300 },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})
