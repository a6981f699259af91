/** What happens on a real machine, one deed at a time: edits in its database, and git as people use it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Asset } from '../../../support/asset.ts'
import type { Random } from '../random.ts'
import { FIELDS, type Item, type Ledger, noteAdd, noteCount, noteDecided, noteDelete, noteEdit } from './ledger.ts'

export const DEEDS = {
  edit: 90,
  count: 12,
  delete: 12,
  add: 12,
  note: 10,
  push: 18,
  pull: 18,
  rebase: 5,
  sync: 6,
  export: 5,
  code: 4,
  side: 5,
  amend: 3,
  kill: 4,
} as const

export type Deed = keyof typeof DEEDS

export interface Doing {
  readonly asset: Asset
  readonly ledger: Ledger
  readonly random: Random
  readonly serial: () => number
  /** A merge was made by hand. */
  readonly madeByHand: () => void
}

/** Does one thing; answers what a person would note of it. */
export function doDeed(deed: Deed, doing: Doing): Promise<string> {
  return DO[deed](doing)
}

const DO: Readonly<Record<Deed, (doing: Doing) => Promise<string>>> = {
  edit: (doing) => withItem(doing, editField),
  count: (doing) => withItem(doing, countUp),
  delete: (doing) => withItem(doing, deleteItem),
  add: addItem,
  note: addNote,
  push: async ({ asset }) => told(await asset.try('push', '-q')),
  pull: ({ asset }) => pull(asset),
  rebase: async ({ asset }) => told(await asset.try('pull', '-q', '--rebase')),
  sync: async ({ asset }) => told(await asset.tandem('sync')),
  export: async ({ asset }) => told(await asset.tandem('export', '--commit')),
  code: ({ asset, serial }) => asset.commit(`code-${asset.name}.txt`, `${serial()}\n`),
  side: takeSide,
  amend: ({ asset }) => amend(asset),
  kill,
}

/** An answer in a line. @throws Error when the program had to be stopped: it hung */
export function told({ code, text }: Answer): string {
  if (code === -1) throw new Error(`a command did not end within a minute: ${text}`)
  return `${code}${code === 0 ? '' : ` ${text}`}`
}

/** Pulls; what git leaves to people is resolved and concluded. */
export async function pull(asset: Asset): Promise<string> {
  const answer = await asset.try('pull', '-q', '--no-edit')
  if (answer.code === 0) return told(answer)
  if ((await asset.try('rev-parse', '-q', '--verify', 'MERGE_HEAD')).code !== 0) return told(answer)
  const resolved = await asset.tandem('resolve')
  return `${told(answer)} resolve: ${told(resolved)} ${told(await asset.try('commit', '-q', '--no-edit'))}`
}

async function withItem(doing: Doing, work: (doing: Doing, item: Item) => Promise<string>): Promise<string> {
  const items = await doing.asset.database.rows('items')
  return items.length === 0 ? 'no item' : work(doing, doing.random.pick(items))
}

const keyOf = (item: Item): { id: string } => ({ id: String(item['id']) })

async function editField({ asset, ledger, random, serial }: Doing, item: Item): Promise<string> {
  const field = random.pick(FIELDS)
  const text = `v${serial()}x`
  await asset.database.change('items', keyOf(item), { [field]: text, ...timeOf(random) })
  noteEdit(ledger, item, [field, text])
  return `${item['id']}.${field} = ${text}, was ${item[field]}`
}

async function countUp({ asset, ledger, random }: Doing, item: Item): Promise<string> {
  const change = random.integer(1, 9)
  await asset.database.run(`UPDATE items SET n = n + ${change} WHERE id = '${item['id']}'`)
  noteCount(ledger, keyOf(item).id, change)
  return `${item['id']} +${change}`
}

async function deleteItem({ asset, ledger }: Doing, item: Item): Promise<string> {
  await asset.database.remove('items', keyOf(item))
  noteDelete(ledger, item)
  return `${item['id']}`
}

/** Real timestamps often do not move, or move backwards. */
function timeOf(random: Random): { t?: string } {
  if (!random.chance(40)) return {}
  return { t: new Date(Date.now() + random.integer(-600, 60) * 1000).toISOString() }
}

async function addItem({ asset, ledger, random, serial }: Doing): Promise<string> {
  const items = await asset.database.rows('items')
  const id = `i${random.integer(0, 9)}`
  if (items.some((item) => item['id'] === id)) return `${id} is there`
  const item = { id, a: `v${serial()}x`, b: `v${serial()}x`, n: 0, t: null }
  await asset.database.insert('items', [item])
  noteAdd(ledger, { ...item, n: '0' })
  return `${id} a = ${item.a} b = ${item.b}`
}

async function addNote({ asset, ledger, serial }: Doing): Promise<string> {
  const body = `note ${serial()}`
  await asset.database.insert('notes', [{ body }])
  ledger.notes.add(body)
  return body
}

/** A merge by hand that takes one side's exports as they are. */
async function takeSide({ asset, ledger, random, madeByHand }: Doing): Promise<string> {
  await asset.try('fetch', '-q')
  const side = random.pick(['ours', 'theirs'])
  const merged = await asset.try('merge', '--no-commit', '--no-ff', '@{upstream}')
  if ((await asset.try('rev-parse', '-q', '--verify', 'MERGE_HEAD')).code !== 0)
    return `nothing to merge: ${merged.code}`
  madeByHand()
  const sides = ['HEAD', 'MERGE_HEAD'] as const
  const [from, other] = side === 'ours' ? sides : sides.toReversed()
  noteDecided(ledger, await itemsAt(asset, from), await itemsAt(asset, other))
  await asset.git('checkout', '-q', from, '--', 'exports/app')
  return `${side}: ${told(await asset.try('commit', '-q', '--no-edit'))}`
}

async function itemsAt(asset: Asset, commit: string): Promise<Item[]> {
  const { stdout } = await asset.try('show', `${commit}:exports/app/items/records.jsonl`)
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"h":'))
  return lines.map((line) => (JSON.parse(line) as { r: Item }).r)
}

/** Amends the last commit if nobody has it yet. */
async function amend(asset: Asset): Promise<string> {
  const ahead = await asset.git('rev-list', '--count', '@{upstream}..HEAD')
  const isMerge = (await asset.try('rev-parse', '-q', '--verify', 'HEAD^2')).code === 0
  if (ahead.stdout.trim() === '0' || isMerge) return 'nothing to amend'
  return told(await asset.try('commit', '-q', '--amend', '--no-edit', '--allow-empty'))
}

/** What a killed git leaves behind, here and where it was pushing to: git tells people to remove it. Locks of ours have to be overcome without that. */
async function clearAway(asset: Asset): Promise<void> {
  const remote = (await asset.git('remote', 'get-url', 'origin')).stdout.trim()
  const ours = ['-path', '*/tandem', '-prune', '-o']
  await asset.start('find', [`${asset.root}/.git`, remote, ...ours, '-name', '*.lock', '-exec', 'rm', '{}', ';'])
  await asset.git('clean', '-q', '-f', '--', '.merge_file_*')
}

async function kill({ asset, random }: Doing): Promise<string> {
  const words = random.pick([
    ['push', '-q'],
    ['pull', '-q', '--no-edit'],
    ['tandem', 'sync'],
  ])
  const child = asset.spawn(...words)
  const ended = new Promise((resolve) => child.once('close', resolve))
  await Promise.race([ended, pause(random.integer(50, 900))])
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  await ended
  await clearAway(asset)
  await asset.try('merge', '--abort')
  return words.join(' ')
}
