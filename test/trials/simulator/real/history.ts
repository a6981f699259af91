/** One real history: random deeds on two or three machines, then everybody exchanges until nobody has anything new, and the end is judged. */
import type { Asset } from '../../../support/asset.ts'
import { type Random, randomOf, weighted } from '../random.ts'
import { DEEDS, doDeed, pull } from './deeds.ts'
import { type Item, judge, type Ledger, newLedger } from './ledger.ts'
import { copyMachines, type Template } from './machines.ts'

export interface RealOutcome {
  readonly problems: readonly string[]
  /** What happened, a line each. */
  readonly story: readonly string[]
}

/** Rounds in which everybody pulls and pushes; more are never needed. */
const ROUNDS = 6

export async function liveThrough(template: Template, seed: number, count: number): Promise<RealOutcome> {
  const random = randomOf(seed)
  const story: string[] = []
  const skews = Array.from({ length: count }, () => (random.chance(50) ? 0 : random.integer(-140, 140) * 1000))
  const machines = await copyMachines(template, skews)
  const problems: string[] = []
  try {
    story.push(`seed ${seed}, clocks off by ${skews.join(', ')} ms`)
    const [first] = machines.all as readonly [Asset]
    const ledger = newLedger(await first.database.rows('items'))
    const byHand = await act(machines.all, { random, ledger, story })
    problems.push(...(await settle(machines.all, story)), ...(await differences(machines.all)))
    problems.push(...judge(ledger, { ...(await endOf(first)), byHand }))
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  } finally {
    await machines.close()
  }
  return { problems, story }
}

async function act(
  all: readonly Asset[],
  { random, ledger, story }: { random: Random; ledger: Ledger; story: string[] },
): Promise<boolean> {
  let [serial, byHand] = [0, false]
  for (let i = random.integer(20, 40); i > 0; i--) {
    const asset = random.pick(all)
    const deed = weighted(random.next(), DEEDS)
    const madeByHand = (): void => void (byHand = true)
    const said = await doDeed(deed, { asset, ledger, random, serial: () => ++serial, madeByHand })
    story.push(`${asset.name} ${deed}: ${said}`)
  }
  return byHand
}

/** Pulls and pushes all round until a round brings nothing new. */
async function settle(all: readonly Asset[], story: string[]): Promise<string[]> {
  let before = ''
  for (let round = 0; round < ROUNDS; round++) {
    for (const asset of all) {
      story.push(`${asset.name} pulls: ${await pull(asset)}`)
      const { code, text } = await asset.try('push', '-q')
      story.push(`${asset.name} pushes: ${code} ${text}`)
    }
    const heads = (await Promise.all(all.map((asset) => asset.id('HEAD')))).join(' ')
    if (heads === before && new Set(heads.split(' ')).size === 1) return []
    before = heads
  }
  return [`no rest after ${ROUNDS} rounds: ${before}`]
}

/** What machines that exchanged everything must not show. */
async function differences(all: readonly Asset[]): Promise<string[]> {
  const digests = await Promise.all(all.map((asset) => asset.digest()))
  const problems = digests.flatMap(({ ok, live, exports }, i) => {
    const name = all[i]?.name
    if (live !== digests[0]?.live) return [`${name} holds other data than ${all[0]?.name}`]
    return ok && live === exports ? [] : [`${name}: verify is not content`]
  })
  for (const asset of all) {
    const { stdout } = await asset.git('status', '--porcelain')
    if (stdout !== '') problems.push(`${asset.name}: git status is not clean: ${stdout}`)
  }
  return problems
}

async function endOf(asset: Asset): Promise<{ items: Item[]; notes: Item[]; reported: string }> {
  const items = (await asset.database.rows('items')) as Item[]
  const notes = (await asset.database.rows('notes')) as Item[]
  const { stdout } = await asset.git('ls-tree', '-r', '--name-only', 'HEAD', 'exports/reports')
  const files = stdout.split('\n').filter((file) => file.endsWith('.json'))
  const texts = await Promise.all(files.map(async (file) => (await asset.git('show', `HEAD:${file}`)).stdout))
  return { items, notes, reported: texts.map(sidesOf).join('\n') }
}

/** The values of both sides in a report's decisions. */
function sidesOf(text: string): string {
  const { decisions } = JSON.parse(text) as { decisions: readonly Readonly<Record<string, string | undefined>>[] }
  return decisions.map(({ ours, theirs }) => `${JSON.stringify(ours)} ${JSON.stringify(theirs)}`).join('\n')
}
