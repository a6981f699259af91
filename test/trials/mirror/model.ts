/**
 * Random courses of two real folders that the mirror keeps alike: edits (also of the same size with the time put back), new files, deletes, renames, files that become folders, emptied
 * folders, crashes and other people's edits between any two changes of a disk. A book is kept of every content that was ever written; after each course both folders are brought to rest, and every
 * content that nobody deleted or replaced has to be somewhere: under its name, beside it, in a trash or in the other folder.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { OWN_FOLDER, PASSING } from '../../../src/mirror/exclusions.ts'
import { eventsOf } from '../../../src/mirror/history.ts'
import { writeMarkers } from '../../../src/mirror/marker.ts'
import { type MirrorPlace, performRun, planRun } from '../../../src/mirror/run.ts'
import { readMirrorState, writeMirrorState } from '../../../src/mirror/state.ts'
import { type MirrorSide, SIDES, otherSide } from '../../../src/mirror/tree.ts'
import { GuardError, UnreachableError } from '../../../src/model/errors.ts'
import { type Random, randomOf } from '../simulator/random.ts'

class Crash extends Error {}

const NAMES = ['a', 'b', 'c.txt', 'd', 'd/e', 'd/f.txt', 'd/g/h', 'k', 'k/l.md']

export interface CourseResult {
  readonly problems: readonly string[]
  readonly story: readonly string[]
}

interface Course {
  readonly random: Random
  readonly place: MirrorPlace
  readonly story: string[]
  /** Every content that was in a file at some time. */
  readonly written: Set<string>
  count: number
}

/** Plays one course in a folder of its own. */
export async function playCourse(seed: number): Promise<CourseResult> {
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(path.join(memory, 'tandem-mirror-'))
  try {
    return await play(folder, seed)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function play(folder: string, seed: number): Promise<CourseResult> {
  const course = openCourse(folder, seed)
  const { random } = course
  await pair(course)
  for (let round = 0; round < random.integer(2, 6); round++) {
    for (let edits = random.integer(0, 5); edits > 0; edits--) edit(course)
    await run(course)
  }
  const problems = await rest(course)
  problems.push(...lost(course), ...(await unexplained(course)))
  return { problems: problems.map((each) => `seed ${seed}: ${each}`), story: course.story }
}

function openCourse(folder: string, seed: number): Course {
  const roots = { primary: path.join(folder, 'primary'), mirror: path.join(folder, 'mirror') }
  for (const side of SIDES) mkdirSync(roots[side])
  let nowMs = Date.UTC(2026, 0, 1)
  const random = randomOf(seed)
  const place: MirrorPlace = {
    roots,
    folder: path.join(folder, 'state'),
    config: {
      to: roots.mirror,
      mode: 'two-way',
      exclude: [],
      critical: [],
      onCommit: false,
      git: false,
      keepVersions: 0,
      trash: { keepMs: 1e12, sizeBytes: 1e12 },
      guard: '100%',
    },
    leftOut: [],
    nowMs: () => (nowMs += 1_000),
    progress: () => undefined,
  }
  return { random, place, story: [], written: new Set(), count: 0 }
}

async function pair({ place }: Course): Promise<void> {
  mkdirSync(place.folder, { recursive: true })
  await writeMirrorState(place.folder, { id: 'pair', agreed: new Map() })
  await writeMarkers(place.roots, 'pair')
}

function edit(course: Course): void {
  const { random, place, story } = course
  const side = random.pick(SIDES)
  const name = random.pick(NAMES)
  const file = path.join(place.roots[side], name)
  const deed = random.pick([write, write, write, sameSize, sameSize, remove, rename, becomeFolder, empty])
  const done = deed(course, { side, file, root: place.roots[side] })
  if (done !== undefined) story.push(`${side}: ${done} ${name}`)
}

interface Edited {
  readonly side: MirrorSide
  readonly file: string
  readonly root: string
}

function content(course: Course): string {
  // one letter more or less must not matter: contents have equal sizes
  return String(course.count++).padStart(8, '0')
}

function put(course: Course, file: string, text: string): void {
  course.written.add(text)
  writeFileSync(file, text)
}

function write(course: Course, { file, root }: Edited): string | undefined {
  for (let at = path.dirname(file); at !== root; at = path.dirname(at)) if (isFile(at)) return undefined
  if (existsSync(file) && !isFile(file)) return undefined
  mkdirSync(path.dirname(file), { recursive: true })
  replace(course, file)
  put(course, file, content(course))
  return 'wrote'
}

/** What a person overwrites or deletes is no loss of the mirror's. */
function replace(course: Course, file: string): void {
  if (isFile(file)) course.written.delete(readFileSync(file, 'utf8'))
}

function sameSize(course: Course, { file }: Edited): string | undefined {
  if (!isFile(file)) return undefined
  const { atime, mtime } = statSync(file)
  replace(course, file)
  put(course, file, content(course))
  utimesSync(file, atime, mtime)
  return 'edited with the same size and time'
}

function remove(course: Course, { file }: Edited): string | undefined {
  if (!existsSync(file)) return undefined
  for (const each of filesBelow(file)) replace(course, each)
  rmSync(file, { recursive: true })
  return 'removed'
}

function rename(course: Course, { file, root }: Edited): string | undefined {
  const to = path.join(root, `renamed-${course.count++}`)
  if (!existsSync(file)) return undefined
  renameSync(file, to)
  return `renamed to ${path.basename(to)}:`
}

function becomeFolder(course: Course, { file }: Edited): string | undefined {
  if (!isFile(file)) return undefined
  replace(course, file)
  rmSync(file)
  mkdirSync(file)
  put(course, path.join(file, 'inside'), content(course))
  return 'made a folder of'
}

/** A disk that came back empty, with or without its marker. */
function empty(course: Course, { root }: Edited): string | undefined {
  if (course.random.integer(0, 9) > 0) return undefined
  const isWhole = course.random.integer(0, 1) === 0
  for (const name of readdirSync(root)) if (isWhole || name !== OWN_FOLDER) moveAway(course, path.join(root, name))
  return isWhole ? 'emptied, with its marker, before' : 'emptied before'
}

/** What was on the emptied disk only is gone with it; what the other one has too must stay there. */
function moveAway(course: Course, from: string): void {
  const other = course.place.roots[otherSide(from.startsWith(course.place.roots.primary) ? 'primary' : 'mirror')]
  // a file that is being copied is not there yet
  const whole = filesBelow(other).filter((file) => !path.basename(file).startsWith(PASSING))
  const there = new Set(whole.map((file) => readFileSync(file, 'utf8')))
  for (const file of filesBelow(from)) {
    const text = readFileSync(file, 'utf8')
    if (!there.has(text)) course.written.delete(text)
  }
  rmSync(from, { recursive: true })
}

/** A run, which may crash; where it is stopped by a guard or a marker, a person unites both sides. */
async function run(course: Course): Promise<void> {
  const { random, place, story } = course
  const crashAt = random.integer(0, 2) === 0 ? random.integer(1, 12) : Number.POSITIVE_INFINITY
  let points = 0
  const editAt = random.integer(0, 2) === 0 ? random.integer(1, 12) : Number.POSITIVE_INFINITY
  const between = (): void => {
    points++
    if (points === crashAt) throw new Crash('crash')
    if (points !== editAt) return
    story.push('while the run is at work:')
    edit(course)
  }
  try {
    await oneRun(course, between)
    story.push('run')
  } catch (error) {
    if (error instanceof Crash) return void story.push(`run, killed at point ${crashAt}`)
    if (!(error instanceof GuardError || error instanceof UnreachableError)) throw error
    story.push(`stopped: ${error.message}; init`)
    for (const side of SIDES) mkdirSync(place.roots[side], { recursive: true })
    await pair(course)
  }
}

async function oneRun({ place }: Course, between: () => void): Promise<readonly string[]> {
  const state = await readMirrorState(place.folder)
  if (state === undefined) throw new Error('the state is gone')
  const once = { prefer: undefined, allowDeletes: 0, between }
  const planned = await planRun(place, state, once)
  const { problems } = await performRun(place, state, { planned, run: once })
  return problems.map(({ path: name, message }) => `${name}: ${message}`)
}

/** Runs until nothing changes any more; both sides must be alike then. */
async function rest(course: Course): Promise<string[]> {
  const { place } = course
  let left: readonly string[] = []
  for (let tries = 0; tries < 6; tries++) {
    try {
      left = await oneRun(course, () => undefined)
    } catch (error) {
      if (!(error instanceof GuardError)) throw error
      await pair(course)
      left = ['not yet']
      continue
    }
    if (left.length === 0 && fingerprint(place.roots.primary) === fingerprint(place.roots.mirror)) break
  }
  const problems = [...left]
  if (fingerprint(place.roots.primary) !== fingerprint(place.roots.mirror))
    problems.push(`the sides differ: ${fingerprint(place.roots.primary)} / ${fingerprint(place.roots.mirror)}`)
  return problems
}

function lost({ place, written }: Course): string[] {
  const there = new Set(
    SIDES.flatMap((side) => filesBelow(place.roots[side])).map((file) => readFileSync(file, 'utf8')),
  )
  return [...written].filter((text) => !there.has(text)).map((text) => `lost: ${text}`)
}

/** Everything that is in a trash has an event that says why. */
async function unexplained({ place }: Course): Promise<string[]> {
  const events = await eventsOf(place.folder, undefined)
  const known = new Set(events.map(({ side, trash, path: name }) => `${side}/${trash}/${name}`))
  return SIDES.flatMap((side) => {
    const trash = path.join(place.roots[side], OWN_FOLDER, 'trash')
    return filesBelow(trash)
      .map((file) => path.relative(trash, file))
      .filter((name) => !known.has(`${side}/${name}`))
      .map((name) => `not explained: ${side} ${name}`)
  })
}

function isFile(file: string): boolean {
  try {
    return lstatSync(file).isFile()
  } catch {
    return false // nothing there, or below a file
  }
}

function filesBelow(at: string): string[] {
  if (isFile(at)) return [at]
  if (!existsSync(at)) return []
  return readdirSync(at).flatMap((name) => filesBelow(path.join(at, name)))
}

function fingerprint(root: string): string {
  const lines = filesBelow(root)
    .map((file) => [path.relative(root, file), readFileSync(file, 'utf8')] as const)
    .filter(([name]) => !name.startsWith(OWN_FOLDER))
    .map(([name, text]) => `${name}=${text}`)
  return `${createHash('sha256').update(lines.toSorted().join('\n')).digest('hex').slice(0, 8)} ${lines.toSorted().join(' ')}`
}
