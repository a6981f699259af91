/** The tool's state is read once a run: what this run writes is remembered, what it does not know for sure is read again. On a real SQLite file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { openAdapter } from '../../../src/adapters/open.ts'
import { type RememberingAdapter, rememberingState } from '../../../src/source/remembered-state.ts'

let folder: string
let other: Adapter
let own: Adapter
let remembering: RememberingAdapter
let reads: number

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem-state-'))
  const options = { connectTimeoutMs: 1000, source: 'app', root: folder, missing: 'create' as const }
  other = await openAdapter('sqlite:app.db', options)
  own = await openAdapter('sqlite:app.db', options)
  reads = 0
  remembering = rememberingState({
    ...own,
    readState: () => {
      reads++
      return own.readState()
    },
  })
})

afterEach(async () => {
  await own.close()
  await other.close()
  await rm(folder, { recursive: true })
})

const set = (name: string, text: string | undefined): ReadonlyMap<string, string | undefined> => new Map([[name, text]])

test('is read once, and what is written since belongs to it', async () => {
  await remembering.readState()
  expect(await remembering.writeState(set('a', '1'), set('a', undefined))).toBe(true)
  expect(await remembering.writeState(set('b', '2'), new Map())).toBe(true)
  expect(await remembering.writeState(set('a', undefined), set('a', '1'))).toBe(true)
  expect(await remembering.readState()).toEqual(new Map([['b', '2']]))
  expect(await own.readState()).toEqual(new Map([['b', '2']]))
  expect(reads).toBe(1)
})

test('an apply belongs to it', async () => {
  await remembering.readState()
  const outcome = await remembering.apply({ collections: [], state: set('a', '1'), expectedState: new Map() })
  expect(outcome.status).toBe('applied')
  expect(await remembering.readState()).toEqual(new Map([['a', '1']]))
  expect(reads).toBe(1)
})

test('is read again where the database had something else than was remembered', async () => {
  await remembering.readState()
  await other.writeState(set('a', 'theirs'), new Map())
  expect(await remembering.writeState(set('a', 'mine'), set('a', undefined))).toBe(false)
  expect(await remembering.readState()).toEqual(new Map([['a', 'theirs']]))
  expect(reads).toBe(2)
})

test('a snapshot brings it up to date', async () => {
  await remembering.readState()
  await other.writeState(set('a', 'theirs'), new Map())
  await remembering.snapshot(async () => undefined)
  expect(await remembering.readState()).toEqual(new Map([['a', 'theirs']]))
  expect(reads).toBe(1)
})

test('work with writers kept out begins with what is there, and what it took back is not remembered', async () => {
  await remembering.readState()
  await other.writeState(set('a', 'theirs'), new Map())
  const failing = remembering.exclusively([], async (alone) => {
    expect(await alone.readState()).toEqual(new Map([['a', 'theirs']]))
    await alone.writeState(set('a', 'gone'), new Map())
    throw new Error('taken back')
  })
  await expect(failing).rejects.toThrow('taken back')
  expect(await remembering.readState()).toEqual(new Map([['a', 'theirs']]))
})

test('can be forgotten', async () => {
  await remembering.readState()
  remembering.forgetState()
  await remembering.readState()
  expect(reads).toBe(2)
})
