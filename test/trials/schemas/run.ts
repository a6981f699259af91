/** Random histories over schemas as they are: two or three machines edit, migrate and exchange; in the end all hold the same, nobody's row is lost, and every child has its own parent. */
import type { Asset } from '../../support/asset.ts'
import { type Random, randomOf, seedOf, weighted } from '../simulator/random.ts'
import { pull, told } from '../simulator/real/deeds.ts'
import { copyMachines, makeTemplate, type Template } from '../simulator/real/machines.ts'
import { DEEDS, doDeed, migrate } from './deeds.ts'
import { judge } from './judge.ts'
import { type Ledger, newLedger } from './ledger.ts'
import { viewOf } from './view.ts'
import type { SchemaWorld } from './world.ts'

export interface SchemaRun {
  readonly seed: number
  /** The first history, counted from 0. */
  readonly from: number
  readonly histories: number
  /** How many at a time; default: 1. */
  readonly parallel?: number
  /** The world of two machines, and that of three. */
  readonly worlds: Worlds
  readonly onEnd: (outcome: Outcome, index: number) => void
}

export type Worlds = Readonly<Record<2 | 3, SchemaWorld>>

export interface Outcome {
  readonly problems: readonly string[]
  /** What happened, a line each. */
  readonly story: readonly string[]
}

/** Two machines in two of three histories, else three; answers how many histories went wrong. */
export async function runSchemas(run: SchemaRun): Promise<number> {
  const { seed, from, histories, parallel = 1, worlds, onEnd } = run
  let [next, wrong] = [from, 0]
  // each has templates of its own, because those with a server are copied one at a time
  const work = async (): Promise<void> => {
    const templates = new Map<2 | 3, Template>()
    try {
      while (next < from + histories) {
        const index = next++
        const count = index % 3 === 2 ? 3 : 2
        const template = templates.get(count) ?? (await makeTemplate(count, worlds[count]))
        templates.set(count, template)
        const outcome = await liveThrough(template, worlds[count], seedOf(seed, index))
        if (outcome.problems.length > 0) wrong++
        onEnd(outcome, index)
      }
    } finally {
      for (const template of templates.values()) await template.remove()
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return wrong
}

interface History {
  readonly all: readonly Asset[]
  readonly world: SchemaWorld
  readonly random: Random
  readonly ledger: Ledger
  readonly migrated: Map<string, number>
  readonly story: string[]
}

async function liveThrough(template: Template, world: SchemaWorld, seed: number): Promise<Outcome> {
  const random = randomOf(seed)
  const story: string[] = []
  const problems: string[] = []
  const machines = await copyMachines(template)
  try {
    const ledger = newLedger()
    for (const { table, what, fields } of await viewOf(machines.all[0] as Asset))
      ledger.add(table, what, { by: undefined, fields })
    const history = { all: machines.all, world, random, ledger, migrated: new Map<string, number>(), story }
    await act(history)
    const last = await settle(history)
    if (last === undefined) problems.push(`no rest after ${ROUNDS} rounds`)
    problems.push(...(await judge({ ...history, verified: last ?? (machines.all[0] as Asset) })))
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  } finally {
    await machines.close()
  }
  return { problems, story }
}

async function act({ all, world, random, ledger, migrated, story }: History): Promise<void> {
  let number = 100
  const serial = (): number => ++number
  for (let i = random.integer(25, 50); i > 0; i--) {
    const asset = random.pick(all)
    const deed = weighted(random.next(), DEEDS)
    story.push(`${asset.name} ${deed}: ${await doDeed(deed, { asset, world, ledger, random, serial, migrated })}`)
  }
}

/** Rounds in which everybody pulls and pushes; more are never needed. */
const ROUNDS = 7

/** Everybody does the migrations that are left; then all pull and push in turn, until one machine has said something and the others took it and had nothing to add. Answers who said it; undefined when there is no end of it. */
async function settle({ all, world, migrated, story }: History): Promise<Asset | undefined> {
  if (migrated.size > 0)
    for (const asset of all)
      for (let done = migrated.get(asset.name) ?? 0; done < world.migrations.length; done++)
        story.push(`${asset.name} migrates: ${await migrate({ asset, world, migrated })}`)
  let said: { readonly head: string; readonly turn: number } = { head: '', turn: 0 }
  for (let turn = 0; turn < ROUNDS * all.length; turn++) {
    const asset = all[turn % all.length] as Asset
    story.push(`${asset.name} pulls: ${await pull(asset)}`)
    story.push(`${asset.name} pushes: ${told(await asset.try('push', '-q'))}`)
    const head = await asset.id('HEAD')
    if (head !== said.head) said = { head, turn }
    else if (turn - said.turn === all.length - 1) return all[said.turn % all.length]
  }
  return undefined
}
