import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkFolders, folderClashes, folderName } from '../../../src/config/folder.ts'
import { usageError } from './support.ts'

describe('folderName', () => {
  it.each([
    ['traders', 'traders'],
    ['Traders_2-x', 'Traders_2-x'],
    ['sales.orders', 'sales%2Eorders'],
    ['../x', '%2E%2E%2Fx'],
    ['a/b\\c', 'a%2Fb%5Cc'],
    ['100%', '100%25'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
    ['📈', '%F0%9F%93%88'],
    ['a b\n', 'a%20b%0A'],
    ['con', '%63on'],
    ['CON', '%43ON'],
    ['Lpt9', '%4Cpt9'],
    ['com0', '%63om0'],
    ['con.txt', 'con%2Etxt'],
    ['console', 'console'],
    ['', ''],
  ])('of %j is %s', (collection, folder) => {
    expect(folderName(collection)).toBe(folder)
  })

  it('is the configured one where there is one, made harmless too', () => {
    expect(folderName('Users', 'users_2')).toBe('users_2')
    expect(folderName('Users', '../x')).toBe('%2E%2E%2Fx')
    expect(folderName('Users', 'nul')).toBe('%6Eul')
  })

  it('is cut over 120 bytes, with a hash that keeps names apart', () => {
    expect(folderName('a'.repeat(120))).toBe('a'.repeat(120))
    expect(folderName('a'.repeat(121))).toBe(`${'a'.repeat(103)}-c241c49680968f9a`)
    expect(folderName(`${'a'.repeat(121)}x`)).not.toBe(folderName(`${'a'.repeat(121)}y`))
  })

  it('is safe on every file system and no longer than 120 bytes, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (name) => {
        const folder = folderName(name)
        expect(folder).toMatch(/^(?:[A-Za-z0-9_-]|%[0-9A-F]{2}){1,120}$/)
        expect(folder.length).toBeLessThanOrEqual(120)
      }),
    )
  })

  it('keeps names apart as long as it is not cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 }), (a, b) => {
        expect(folderName(a) === folderName(b)).toBe(a === b)
      }),
    )
  })
})

describe('folders equal but for case', () => {
  const folders = ['users', 'orders', 'Users'].map((collection) => ({ collection, folder: folderName(collection) }))

  it('are found', () => {
    expect(folderClashes(folders)).toEqual([[folders[0], folders[2]]])
    expect(folderClashes(folders.slice(0, 2))).toEqual([])
  })

  it('are refused with the option that mends it', () => {
    const error = usageError(() => checkFolders('app', folders))
    expect(error.message).toBe(
      'source app: the collections "users" and "Users" would share the folder Users on Windows and macOS',
    )
    expect(error.hint).toContain('{"Users": {"folder": "Users_2"}}')
    expect(() => checkFolders('app', folders.slice(0, 2))).not.toThrow()
  })
})
