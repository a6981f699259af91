import { describe, expect, it } from 'vitest'
import { resolveBackup } from '../../../src/config/backup.ts'
import type { Config } from '../../../src/config/config.ts'
import { resolveHealth, resolveQueue } from '../../../src/config/health.ts'
import { resolveNotify } from '../../../src/config/notify.ts'
import type { SourceUrl } from '../../../src/config/source-url.ts'
import {
  approvalDifference,
  approvalHash,
  approvalText,
  approvedNames,
  kindOfDifference,
  effectiveTarget,
} from '../../../src/config/trust.ts'
import { source } from './support.ts'

const URL: SourceUrl = { url: 'postgres://app:hunter2@h/d', from: 'file', names: ['PASSWORD'] }
const TEMPLATE = 'postgres://app:${PASSWORD}@h/d'

interface Given {
  readonly source?: Parameters<typeof source>[0]
  readonly config?: Partial<Config>
  readonly url?: Partial<SourceUrl>
}

function text(given: Given = {}): string {
  const app = source({ urlTemplate: TEMPLATE, ...given.source })
  const config: Config = {
    path: 'c.json',
    exports: 'exports',
    branches: undefined,
    exportOn: ['push'],
    commit: { message: 'data: {summary}', author: undefined, signoff: false, verify: true },
    words: ['sources'],
    schedule: new Map(),
    health: resolveHealth(),
    notify: resolveNotify(),
    queue: resolveQueue(),
    sources: [app],
    backup: resolveBackup(),
    mirror: undefined,
    ...given.config,
  }
  return approvalText(effectiveTarget(config, app, { ...URL, ...given.url }))
}

describe('the approved target', () => {
  it('is one canonical text without the password', () => {
    expect(text()).toBe(
      '{"database":"postgres://app:***@h/d","exclude":[],"exportOn":["push"],"exports":"exports","include":["*"],"omit":{},"source":"app",' +
        '"url":"postgres://app:${PASSWORD}@h/d","variables":["PASSWORD"]}',
    )
    expect(approvalHash(text())).toMatch(/^[0-9a-f]{64}$/)
  })

  it('does not change with the password, the order of lists or options of the merge', () => {
    const one = text({ source: { include: ['a', 'b'], collections: { t: { omit: ['x', 'y'] } } } })
    const collections = { u: { newest: 't' }, t: { omit: ['y', 'x'], zone: 'UTC' } }
    const other = text({ source: { include: ['b', 'a'], collections }, url: { url: 'postgres://app:other@h/d' } })
    expect(approvalHash(other)).toBe(approvalHash(one))
  })

  it('names git config instead of a template that git config replaces', () => {
    const target = JSON.parse(text({ url: { url: 'sqlite:/x.db', from: 'git-config', names: [] } })) as Record<
      string,
      unknown
    >
    expect(target).toMatchObject({ url: 'git config tandem.source.app.url', database: 'sqlite:/x.db', variables: [] })
  })

  it('remembers the variables that were approved', () => {
    expect(approvedNames(text())).toEqual(['PASSWORD'])
    expect(approvedNames('')).toEqual([])
    expect(approvedNames('{"variables": "PATH"}')).toEqual([])
    expect(approvedNames('{"variables": [1, "A"]}')).toEqual(['A'])
  })
})

describe('approvalDifference', () => {
  it('is empty for equal targets', () => {
    expect(approvalDifference(text(), text())).toEqual([])
  })

  it.each<[title: string, given: Given, lines: string[]]>([
    [
      'another host',
      { source: { urlTemplate: 'postgres://app:${PASSWORD}@evil/d' }, url: { url: 'postgres://app:x@evil/d' } },
      [
        'url in the configuration: postgres://app:${PASSWORD}@h/d → postgres://app:${PASSWORD}@evil/d',
        'database: postgres://app:***@h/d → postgres://app:***@evil/d',
      ],
    ],
    ['another variable', { url: { names: ['AWS_KEY', 'PASSWORD'] } }, ['variables read: now "AWS_KEY"']],
    ['more included', { source: { include: ['*', 'migrations'] } }, ['include: now "migrations"']],
    ['another include', { source: { include: ['a'] } }, ['include: now "a", no longer "*"']],
    ['exclude', { source: { exclude: ['logs'] } }, ['exclude: now "logs"']],
    ['another folder', { config: { exports: 'public' } }, ['exports folder: exports → public']],
    ['another moment', { config: { exportOn: ['push', 'commit'] } }, ['exported on: now "commit"']],
    [
      'credentials that would be exported',
      { source: { collections: { '*': { omit: [] }, users: { omit: ['!token'] } } } },
      ['omit of every collection: (not set) → (empty list)', 'omit of users: (not set) → "!token"'],
    ],
    [
      'text that would move the cursor',
      { source: { exclude: ['a\u001b[2K\u202e'] } },
      ['exclude: now "a\\u{1b}[2K\\u{202e}"'],
    ],
  ])('says in words: %s', (_, given, lines) => {
    expect(approvalDifference(text(), text(given))).toEqual(lines)
    expect(approvalHash(text(given))).not.toBe(approvalHash(text()))
  })

  it('says that a list lost its last entry', () => {
    const before = text({ source: { exclude: ['sessions'], collections: { t: { omit: ['pin'] } } } })
    expect(approvalDifference(before, text({ source: { collections: { t: { omit: [] } } } }))).toEqual([
      'exclude: no longer "sessions", now an empty list',
      'omit of t: no longer "pin", now an empty list',
    ])
  })

  it('counts everything as new when nothing readable was approved', () => {
    for (const old of ['', 'null', '{broken', '[]']) expect(approvalDifference(old, text()).length).toBeGreaterThan(5)
  })
})

describe('which fields travel', () => {
  const plain = text({ source: { collections: { t: { omit: ['x'] } } } })
  const filled = text({ source: { collections: { t: { omit: ['x'], placeholder: { x: '!' } } } } })

  it('is approved apart from where they go, with what is put in place of the others', () => {
    expect(approvalDifference(plain, filled)).toEqual(['placeholder of t: (not set) → {"x":"!"}'])
    expect(kindOfDifference(plain, filled)).toBe('fields')
    expect(kindOfDifference(text(), plain)).toBe('fields')
    expect(kindOfDifference(filled, plain)).toBe('fields')
  })

  it('does not hide that they go elsewhere, nor that nothing was approved', () => {
    const elsewhere = text({ source: { collections: {} }, url: { url: 'postgres://app@other/d' } })
    expect(kindOfDifference(plain, elsewhere)).toBe('target')
    expect(kindOfDifference('', plain)).toBe('target')
    expect(kindOfDifference(plain, plain)).toBe('target')
  })

  it('nor that only other collections travel', () => {
    expect(kindOfDifference(plain, text({ source: { exclude: ['u'] } }))).toBe('collections')
  })
})
