import { array, assert, property, record, subarray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Incident,
  deliver,
  incidentMessage,
  observe,
  undelivered,
  weeklyMessage,
  withoutSettled,
} from '../../../src/health/incidents.ts'

const AT = '2026-03-01T02:00:00.000Z'

const trouble = { id: 'job: backup', message: 'failed', next: 'Run: tandem backup create' }

function look(incidents: readonly Incident[], ids: readonly string[]): readonly Incident[] {
  return observe(incidents, { at: AT, troubles: ids.map((id) => ({ ...trouble, id })), judges: () => true })
}

describe('an incident', () => {
  test('is told once when it begins and once when it ends, however often it is looked at', () => {
    let incidents: readonly Incident[] = []
    const told: string[] = []
    for (const ids of [['a'], ['a'], ['a'], [], []]) {
      incidents = look(incidents, ids)
      const news = undelivered(incidents, 'email')
      told.push(...news.map(({ id, observed }) => `${id} ${observed}`))
      incidents = withoutSettled(deliver(incidents, 'email', news), ['email'])
    }
    expect(told).toEqual(['a open', 'a over'])
    expect(incidents).toEqual([])
  })

  test('that could not be told stays to be told, to that channel alone', () => {
    const open = look([], ['a'])
    const half = deliver(open, 'email', undelivered(open, 'email'))
    expect(undelivered(half, 'email')).toEqual([])
    expect(undelivered(half, 'slack').map(({ id }) => id)).toEqual(['a'])
    const over = look(half, [])
    expect(undelivered(over, 'slack').map(({ observed }) => observed)).toEqual(['over'])
  })

  test('is not over because somebody looked at something else', () => {
    const open = look([], ['a'])
    const after = observe(open, { at: AT, troubles: [], judges: (id) => id === 'b' })
    expect(after.map(({ observed }) => observed)).toEqual(['open'])
  })

  test('ends with every channel knowing what is so, whatever was lost on the way', () => {
    const steps = array(record({ ids: subarray(['a', 'b', 'c']), lost: subarray(['email', 'slack']) }))
    assert(
      property(steps, (history) => {
        const known: Record<string, Record<string, string>> = { email: {}, slack: {} }
        let incidents: readonly Incident[] = []
        for (const { ids, lost } of [...history, { ids: ['b'], lost: [] }]) {
          incidents = look(incidents, ids)
          for (const channel of ['email', 'slack']) {
            if (lost.includes(channel)) continue
            const news = undelivered(incidents, channel)
            for (const { id, observed } of news) {
              // an incident that began and ended while nothing got through is told once, as over
              expect(observed === 'open' && known[channel]?.[id] === 'open').toBe(false)
              ;(known[channel] as Record<string, string>)[id] = observed
            }
            incidents = deliver(incidents, channel, news)
          }
          incidents = withoutSettled(incidents, ['email', 'slack'])
        }
        expect(incidents.map(({ id }) => id)).toEqual(['b'])
        for (const each of Object.values(known))
          for (const [id, state] of Object.entries(each))
            expect([id, state]).toEqual([id, id === 'b' ? 'open' : 'over'])
      }),
    )
  })
})

test('a message names the trouble, the next command and since when', () => {
  const { subject, lines } = incidentMessage('asset-1', look([], ['job: backup']))
  expect(subject).toBe('tandem on asset-1: job: backup is in trouble')
  expect(lines).toEqual(['TROUBLE job: backup: failed', '  Run: tandem backup create', `  since ${AT}`])
})

test('the weekly message says that all is well only when it is', () => {
  expect(weeklyMessage('asset-1', []).subject).toBe('tandem on asset-1: all is well')
  expect(weeklyMessage('asset-1', look([], ['a'])).subject).toBe('tandem on asset-1: still in trouble (1)')
})
