/** The layers of the house, as one table: which room may import which. A new edge is a change to this table, to be reviewed. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const SRC = path.resolve(import.meta.dirname, '../../src')

/** Room → rooms it may import, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  merge: ['model'],
  report: ['model'],
  io: ['model'],
  export: ['model'],
  adapters: ['model', 'io'],
  config: ['model'],
  git: ['model', 'io'],
  operations: ['adapters', 'config', 'export', 'git', 'io', 'merge', 'model', 'report'],
  cli: ['config', 'git', 'io', 'merge', 'model', 'operations', 'report'],
  'index.ts': ['adapters', 'export', 'merge', 'model'],
  demo: ['adapters', 'cli', 'config', 'export', 'git', 'io', 'merge', 'model', 'operations', 'report'],
}

/** Same input, same bytes: no files, clock, environment or client library here. */
const PURE = ['model', 'merge', 'report']
const PURE_PACKAGES = ['xxhash-wasm', 'diff', 'fast-json-stable-stringify']

interface Import {
  readonly from: string
  readonly room: string
  readonly to: string
}

const imports = sourceFiles().flatMap(importsOf)

test('every import between rooms is an edge of the table', () => {
  const wrong = imports.filter(({ from, room, to }) => {
    const target = roomOf(from, to)
    return target !== undefined && target !== room && !(ALLOWED[room] ?? []).includes(target)
  })
  expect(wrong).toEqual([])
})

test('model, merge and report import nothing that could make the same input give other bytes', () => {
  const wrong = imports.filter(
    ({ room, to }) => PURE.includes(room) && !to.startsWith('.') && !PURE_PACKAGES.includes(to),
  )
  expect(wrong).toEqual([])
})

test('the adapters of different engines never import each other', () => {
  const wrong = imports.filter(({ from, to }) => {
    const engine = /^adapters\/(\w+)\//.exec(from)?.[1]
    const other = to.startsWith('.')
      ? /^adapters\/(\w+)\//.exec(path.relative(SRC, path.resolve(SRC, path.dirname(from), to)))?.[1]
      : undefined
    return engine !== undefined && other !== undefined && engine !== other
  })
  expect(wrong).toEqual([])
})

test('only the program itself reads argv, the working directory or sets the exit code', () => {
  const wrong = sourceFiles().filter(
    (file) =>
      !['cli/main.ts'].includes(file) &&
      !file.startsWith('demo/') &&
      /process\.(argv|cwd\(|exitCode|exit\()/.test(readFileSync(path.join(SRC, file), 'utf8')),
  )
  expect(wrong).toEqual([])
})

function sourceFiles(): string[] {
  const all = readdirSync(SRC, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return all
    .map((entry) => path.relative(SRC, path.join(entry.parentPath, entry.name)))
    .filter((file) => file.endsWith('.ts'))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(SRC, file), 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  const room = file.split(path.sep)[0] as string
  return [...found].map((match) => ({ from: file, room, to: match[1] as string }))
}

/** The room an import leads to; undefined for packages and for the package's own top level. */
function roomOf(file: string, to: string): string | undefined {
  if (!to.startsWith('.')) return undefined
  const parts = path.relative(SRC, path.resolve(SRC, path.dirname(file), to)).split(path.sep)
  return parts.length > 1 && parts[0] !== '..' ? parts[0] : undefined
}
