/** The copies of PostgreSQL's programs are for a user who may not enter the folder that they came from, such as root's home. */
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { embeddedPrograms as forTheDemo } from '../../../src/demo/postgres-server.ts'
import { embeddedPrograms as forTests } from '../../support/postgres-cluster.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'tandem programs '))

afterAll(() => rm(folder, { recursive: true, force: true }))

test.each([
  ['demo', () => forTheDemo(path.join(folder, 'demo'))],
  ['tests', async () => (await forTests())?.(folder)],
])('no link of the copy for the %s leads out of it', async (_, copy) => {
  const programs = (await copy()) ?? ''
  const library = path.join(path.dirname(programs), 'lib')
  const links = (await readdir(library, { withFileTypes: true })).filter((entry) => entry.isSymbolicLink())
  const targets = await Promise.all(links.map(({ name }) => readlink(path.join(library, name))))
  expect(targets.length).toBeGreaterThan(0)
  expect(targets.filter((target) => target.includes('/'))).toEqual([])
})
