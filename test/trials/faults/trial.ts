/** One fault at one point of one operation, between two machines copied for it: what is wrong afterwards, as a list, empty when all is well. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Asset } from '../../support/asset.ts'
import { assetsIn, type TwoAssets } from '../../support/two-assets.ts'
import { runWithFault, type Fault } from './fault.ts'
import type { Operation } from './operations.ts'
import type { Shelf } from './shelf.ts'
import { brokenStates, differences, liveOf, stateOf, type State } from './state.ts'

/** An operation whose undisturbed course is known. */
export interface Course {
  readonly operation: Operation
  readonly shelf: Shelf
  readonly template: TwoAssets
  readonly points: readonly string[]
  /** The states that it goes through, from before to after. */
  readonly states: readonly State[]
  /** After the next ordinary command. */
  readonly settled: State
  /** The records of both machines when all has been exchanged. */
  readonly outcome: string
}

/** Prepares an operation and lets it run once without a fault. @throws Error when even that is not well */
export async function courseOf(operation: Operation, shelf: Shelf): Promise<Course> {
  const template = await operation.prepare(shelf.engine)
  await shelf.keep()
  const before = await stateOf(template[operation.on])
  return withCopy(template, shelf, async (assets) => {
    const asset = assets[operation.on]
    const { code, text, points } = await runWithFault(asset, operation.words)
    if (code !== 0) throw new Error(`${operation.name} without a fault ended with ${code}: ${text}`)
    const after = await stateOf(asset)
    await operation.next(asset)
    const settled = await stateOf(asset)
    await operation.goOn?.(asset)
    const problems = await exchange(assets)
    const outcome = await liveOf(assets.a)
    if (problems.length > 0) throw new Error(`${operation.name} without a fault: ${problems.join('; ')}`)
    const states = [before, ...(await statesBetween(operation, template, shelf)), after]
    return { operation, shelf, template, points, states, settled, outcome }
  })
}

async function statesBetween({ steps = [], on }: Operation, template: TwoAssets, shelf: Shelf): Promise<State[]> {
  if (steps.length === 0) return []
  return withCopy(template, shelf, async (assets) => {
    const states: State[] = []
    for (const step of steps) {
      await runWithFault(assets[on], step)
      states.push(await stateOf(assets[on]))
    }
    return states
  })
}

export interface Trial {
  readonly operation: string
  readonly fault: Fault
  /** undefined: the command ended before it got there. */
  readonly point: string | undefined
  readonly problems: readonly string[]
}

/** Injects one fault. */
export async function trial(course: Course, fault: Fault): Promise<Trial> {
  const { operation, template, shelf } = course
  return withCopy(template, shelf, async (assets) => {
    const asset = assets[operation.on]
    const hit = await runWithFault(asset, operation.words, fault)
    const problems = await afterFault(course, assets)
    const point = hit.fired
    const said = problems.length === 0 ? [] : [`the command ended with ${hit.code} and said: ${hit.text.trim()}`]
    return { operation: operation.name, fault, point, problems: [...problems, ...said] }
  })
}

async function afterFault(course: Course, assets: TwoAssets): Promise<string[]> {
  const { operation, states, settled, outcome } = course
  const asset = assets[operation.on]
  const broken = brokenStates(await stateOf(asset), states)
  if (broken.length > 0) return broken
  try {
    await operation.next(asset)
    const wrong = differences(await stateOf(asset), settled)
    if (wrong.length > 0) return [`after the next command these are not as they should be: ${wrong.join(', ')}`]
    await operation.goOn?.(asset)
    const problems = await exchange(assets)
    if ((await liveOf(assets.a)) !== outcome)
      problems.push('in the end the records are not what they are without a fault')
    return problems
  } catch (error) {
    return [(error as Error).message]
  }
}

/** All goes both ways; then both machines must be equal, clean and unlocked, and a further push must have nothing to say. */
async function exchange(assets: TwoAssets): Promise<string[]> {
  const { a, b } = assets
  if ((await b.try('config', 'tandem.source.app.id')).code !== 0) {
    await b.git('pull', '-q', '--no-edit')
    await b.tandem('init', '--yes')
  }
  const said: string[] = []
  const git = async (asset: Asset, ...args: readonly string[]): Promise<void> =>
    void said.push(`${asset.name}: ${args.join(' ')}: ${(await asset.git(...args)).text.trim()}`)
  if ((await a.try('push', '-q')).code !== 0) {
    await git(a, 'pull', '-q', '--no-edit') // the other one was quicker
    await git(a, 'push', '-q')
  }
  await git(b, 'pull', '-q', '--no-edit')
  await git(b, 'push', '-q')
  await git(a, 'pull', '-q', '--no-edit')
  const problems: string[] = []
  if ((await liveOf(a)) !== (await liveOf(b))) problems.push('the databases differ')
  if ((await a.id('HEAD')) !== (await b.id('HEAD'))) problems.push('the machines are at different commits')
  for (const asset of [a, b]) problems.push(...(await untidy(asset)))
  const digest = await a.digest()
  if (!digest.ok || digest.live !== digest.exports) problems.push('the exports differ from live')
  return problems.length === 0 ? [] : [...problems, ...said]
}

async function untidy(asset: Asset): Promise<string[]> {
  const problems: string[] = []
  const status = (await asset.git('status', '--porcelain')).stdout
  if (status !== '') problems.push(`${asset.name}: git status is not clean: ${status}`)
  const left = await asset.start('find', [
    '.git',
    '-name',
    '*.lock',
    '-o',
    '-name',
    'index.tandem-*',
    '-o',
    '-path',
    '.git/tandem/lock',
    '-o',
    '-path',
    '.git/hooks/*.[0-9]*',
  ])
  if (left.stdout !== '') problems.push(`${asset.name}: left behind: ${left.stdout.trim()}`)
  return problems
}

async function withCopy<Result>(
  template: TwoAssets,
  shelf: Shelf,
  work: (assets: TwoAssets) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem trial '))
  await promisify(execFile)('cp', ['-a', `${template.folder}/.`, folder])
  const assets = await assetsIn(folder, await shelf.restore())
  try {
    for (const { root } of [assets.a, assets.b])
      await promisify(execFile)('git', ['-C', root, 'remote', 'set-url', 'origin', assets.remote])
    return await work(assets)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
