import { describe, expect, it } from 'vitest'
import { nearestName } from '../../../src/config/nearest.ts'

describe('nearestName', () => {
  const options = ['url', 'include', 'exclude', 'collections', 'exportOn', 'exports', 'key']

  it.each([
    ['inculde', 'include'],
    ['exlude', 'exclude'],
    ['EXPORTS', 'exports'],
    ['exporton', 'exportOn'],
    ['colections', 'collections'],
    ['ulr', 'url'],
    ['uri', 'url'],
    ['keys', 'key'],
    ['colour', undefined],
    ['', undefined],
    ['xyz', undefined],
  ])('takes %j for %j', (name, nearest) => {
    expect(nearestName(name, options)).toBe(nearest)
  })
})
