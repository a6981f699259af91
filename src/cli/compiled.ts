/**
 * Loads a bundle with what V8 has compiled of it before, because compiling takes longer than most hooks. What was compiled is kept in files beside the program, as Python does; where
 * it cannot be written the program only starts more slowly. (From Node 22 on, module.enableCompileCache does the same, in a folder that other users may share.)
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Script } from 'node:vm'

/** A hash of the bundles, which esbuild.config.js fills in: V8 itself only compares the lengths of two sources. */
declare const BUNDLES: string

const [BEFORE, AFTER] = ['(function (exports, require, module, __filename, __dirname) {', '\n})']

type Loaded = { exports: unknown }
type Wrapped = (exports: unknown, require: (id: string) => unknown, ...rest: readonly unknown[]) => void

/**
 * The exports of a CommonJS bundle beside this file, and of those that it requires in turn (`./pg.js`).
 * @param use what the program is started for: each use compiles other functions, and has files of its own
 */
export function loadCompiled(name: string, use: string): unknown {
  const loaded = new Map<string, Loaded>()
  const folder = import.meta.dirname
  const ofNode = createRequire(import.meta.filename)
  const load = (id: string): unknown => {
    if (!id.startsWith('./')) return ofNode(id)
    const before = loaded.get(id)
    if (before !== undefined) return before.exports
    const module: Loaded = { exports: {} }
    loaded.set(id, module)
    const file = path.join(folder, id)
    compiled(file, use).call(module.exports, module.exports, load, module, file, folder)
    return module.exports
  }
  return load(`./${name}`)
}

function compiled(file: string, use: string): Wrapped {
  const folder = path.join(import.meta.dirname, '../cache')
  const cache = path.join(folder, [BUNDLES, process.version, process.arch, use, path.basename(file)].join('-'))
  const cachedData = bytesOf(cache)
  // the bundles are ASCII: read as such, they take half the memory and are not decoded
  const script = new Script(`${BEFORE}${readFileSync(file, 'latin1')}${AFTER}`, {
    filename: file,
    columnOffset: -BEFORE.length,
    ...(cachedData !== undefined && { cachedData }),
  })
  // at the end, when the functions that this use needs are compiled
  if (cachedData === undefined || script.cachedDataRejected === true)
    process.once('exit', (code) => {
      if (code === 0) keep(cache, script.createCachedData())
    })
  return script.runInThisContext() as Wrapped
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** Writes the file so that it appears whole. */
function keep(file: string, bytes: Buffer): void {
  const passing = `${file}.${process.pid}`
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(passing, bytes)
    renameSync(passing, file)
  } catch {
    // a package that this user may not write to
  }
}
