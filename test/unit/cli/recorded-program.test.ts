/** The command line that `init` records for the hooks: it must go on working, so it leads into no zip file and no passing folder. */
import { expect, test } from 'vitest'
import { recordedProgram } from '../../../src/cli/recorded-program.ts'

const MAIN = 'node_modules/git-tandem/dist/cli/main.js'

test('is Node and the script, where both are files of their own', () => {
  for (const script of [
    `/home/ann/app/${MAIN}`,
    `/home/ann/app/node_modules/.pnpm/git-tandem@1.0.0/${MAIN}`,
    '/opt/zip/main.js',
  ])
    expect(recordedProgram('/usr/bin/node', script)).toEqual({
      command: `'/usr/bin/node' '${script}'`,
      note: undefined,
    })
})

test.each([
  `/home/ann/app/.yarn/cache/git-tandem-npm-1.0.0-0a1b2c3d4e.zip/${MAIN}`,
  `/home/me/.yarn/berry/cache/git-tandem-npm-1.0.0-0a1b2c3d4e-10c0.zip/${MAIN}`,
  `/home/ann/app/.yarn/unplugged/git-tandem-npm-1.0.0-0a1b2c3d4e/${MAIN}`,
  `/home/ann/app/.yarn/__virtual__/git-tandem-virtual-0a1b2c3d4e/0/cache/git-tandem.zip/${MAIN}`,
  `C:\\work\\.yarn\\cache\\git-tandem-npm-1.0.0.zip\\${MAIN.replaceAll('/', '\\')}`,
])('is Yarn’s, where only Yarn can start the program: %s', (script) => {
  const { command, note } = recordedProgram('/usr/bin/node', script)
  expect(command).toBe('yarn run --silent tandem')
  expect(note).toContain('yarn on the PATH')
})

test('is none in the passing folder of yarn dlx, and said to be in danger in other caches', () => {
  const passing = recordedProgram('/usr/bin/node', `/tmp/xfs-1a2b/dlx-123/.yarn/cache/git-tandem.zip/${MAIN}`)
  expect(passing.command).toBe('')
  expect(passing.note).toContain('run init again')
  const cached = recordedProgram('/usr/bin/node', `/home/me/.npm/_npx/0a1b/${MAIN}`)
  expect(cached.command).toContain('/_npx/')
  expect(cached.note).toContain('which may be emptied')
})
