/** The layers of the house, as one table: which room may import which. A new edge is a change to this table, to be reviewed. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const SRC = path.resolve(import.meta.dirname, '../../src')

/** Room → rooms it may import, besides itself; from the bottom of the house to its top. A room only ever uses those below it. */
const TABLE = `
  model       →
  merge       → model
  report      → model
  io          → model
  format      → model
  config      → model
  adapters    → io model
  git         → io model
  workspace   → git config io model
  source      → workspace adapters git config io merge model
  exports     → source workspace git format io merge report model
  quarantine  → source workspace git format model
  sync-point  → exports source workspace git config format model
  history     → exports source git format merge model
  safety      → exports source workspace git format io merge report model
  schema      → sync-point exports source adapters format config merge model
  restore     → safety exports source git config merge model
  conflicts   → history exports source workspace git format config merge model
  pull        → schema safety history sync-point quarantine exports source workspace git format config io merge report model
  push        → pull schema history sync-point quarantine exports source workspace git format config io model
  mirror      → workspace git config io model
  backup      → source workspace adapters git format config io model
  health      → exports source workspace git config io report model
  schedule    → source workspace git config io report model
  operations  → health schedule push pull backup mirror conflicts restore schema safety history sync-point quarantine exports source workspace git adapters config format io report merge model
  cli         → operations health schedule push pull backup mirror restore schema safety quarantine source workspace git config io report model
  index.ts    → adapters format merge model
  demo        → cli operations workspace git adapters config format io report merge model
`

const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => {
      const [room, below = ''] = line.split('→')
      return [(room as string).trim(), below.split(' ').filter((name) => name !== '')]
    }),
)

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
    return target !== undefined && target !== room && !(ALLOWED.get(room) ?? []).includes(target)
  })
  expect(wrong).toEqual([])
})

test('the table itself only points downwards', () => {
  const rooms = [...ALLOWED.keys()]
  const upward = rooms.flatMap((room, floor) =>
    (ALLOWED.get(room) ?? []).filter((below) => !rooms.slice(0, floor).includes(below)).map((below) => [room, below]),
  )
  expect(upward).toEqual([])
})

test('no file imports itself by way of others, not even for a type', () => {
  expect(circles(imports)).toEqual([])
  expect(
    circles([importFrom('a.ts', './b.ts'), importFrom('b.ts', './c/d.ts'), importFrom('c/d.ts', '../a.ts')]),
  ).toEqual([['a.ts', 'b.ts', 'c/d.ts', 'a.ts']])
})

test('every type is declared once: one word for one idea, one idea for one word', () => {
  const declared = new Map<string, string[]>()
  for (const file of sourceFiles()) {
    const text = readFileSync(path.join(SRC, file), 'utf8')
    for (const [, name] of text.matchAll(/^(?:export )?(?:interface|type|class) (\w+)/gm))
      declared.set(name as string, [...(declared.get(name as string) ?? []), file])
  }
  expect(declared.size).toBeGreaterThan(100)
  expect([...declared].filter(([, files]) => files.length > 1)).toEqual([])
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

/** Circles of imports, each as the files on the way round; a file is entered once, so that the search ends. */
function circles(all: readonly Import[]): string[][] {
  const next = new Map<string, Import[]>()
  for (const each of all) next.set(each.from, [...(next.get(each.from) ?? []), each])
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file])
    if (done.has(file)) return
    done.add(file)
    for (const each of next.get(file) ?? [])
      if (each.to.startsWith('.')) visit(path.join(path.dirname(file), each.to), [...way, file])
  }
  for (const file of next.keys()) visit(file, [])
  return found
}

function importFrom(from: string, to: string): Import {
  return { from, room: from, to }
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
