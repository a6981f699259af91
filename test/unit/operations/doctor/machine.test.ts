/** What `tandem doctor` says of the machine: versions, a git that is not there, hooks that are switched off. A whole clone, spoilt in every way, is in test/e2e/commands/doctor.test.ts. */
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../../../src/operations/doctor/check.ts'
import { checkMachine, checkNode, isAtLeast } from '../../../../src/operations/doctor/machine.ts'
import { invocationIn } from '../invocation.ts'

test.each([
  ['git version 2.31.0', true],
  ['git version 2.39.5 (Apple Git-154)', true],
  ['git version 3.0.0', true],
  ['git version 2.30.9', false],
  ['git version 1.99.0', false],
  ['git version 2.4', false],
  ['no version at all', false],
])('%s is new enough for git: %s', (text, expected) => {
  expect(isAtLeast(text, [2, 31])).toBe(expected)
})

test('Node.js from 20.19 on will do', () => {
  expect(checkNode('20.19.0').status).toBe('ok')
  expect(checkNode('26.1.0').status).toBe('ok')
  expect(checkNode('20.18.3')).toMatchObject({ status: 'fail', hint: 'Install Node.js 20.19 or newer.' })
})

describe('the checks of the machine', () => {
  const checksWith = async (
    environment: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, Check>>> => {
    const checks = await checkMachine(invocationIn(tmpdir(), environment))
    return Object.fromEntries(checks.map((check) => [check.name, check]))
  }

  test('are of git, Node and the environment, and all is well on the machine that runs this', async () => {
    const checks = await checksWith({})
    expect(Object.keys(checks)).toEqual(['git', 'node', 'environment'])
    expect(Object.values(checks).map(({ status, hint }) => [status, hint])).toEqual(
      Object.keys(checks).map(() => ['ok', undefined]),
    )
    expect(checks['git']?.message).toMatch(/^git version 2\./)
  })

  test('a git that is not on PATH fails with what to install, and the others go on', async () => {
    const checks = await checksWith({ PATH: '/nonexistent' })
    expect(checks['git']).toEqual({
      name: 'git',
      status: 'fail',
      message: 'git cannot be started',
      hint: 'Install git 2.31 or newer and put it on PATH.',
    })
    expect(checks['node']?.status).toBe('ok')
  })

  test.each([
    [{ TANDEM_SKIP: '1' }, /TANDEM_SKIP=1/],
    [{ CI: 'true' }, /CI=true/],
    [{ CI: '1' }, /CI=1/],
    [{ TANDEM_SKIP: '1', CI: 'true' }, /TANDEM_SKIP=1/],
  ])('%o switches the hooks off, which is a warning', async (environment, words) => {
    const { environment: check } = await checksWith(environment)
    expect(check?.status).toBe('warn')
    expect(check?.message).toMatch(words)
    expect(check?.hint).toMatch(/unset/)
  })

  test.each([{ CI: '' }, { CI: 'false' }, { TANDEM_SKIP: '0' }, { TANDEM_SKIP: '' }])(
    '%o switches nothing off',
    async (environment) => {
      expect((await checksWith(environment))['environment']?.status).toBe('ok')
    },
  )
})
