/** What happens on a real machine, one deed at a time: edits in its database, and git as people use it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Asset } from '../../support/asset.ts'
import type { Random } from '../random.ts'
import { FIELDS, type Item, type Ledger, noteAdd, noteCount, noteDelete, noteEdit } from './ledger.ts'

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
export async function doDeed(deed: Deed, doing: Doing): Promise<string> {
  const { asset } = doing
  switch (deed) {
    case 'edit':
    case 'count':
    case 'delete':
    case 'add':
    case 'note':
      return inDatabase(deed, doing)
    case 'push':
      return told(await asset.try('push', '-q'))
    case 'pull':
      return pull(asset)
    case 'rebase':
      return told(await asset.try('pull', '-q', '--rebase'))
    case 'sync':
      return told(await asset.tandem('sync'))
    case 'export':
      return told(await asset.tandem('export', '--commit'))
    case 'code':
      return asset.commit(`code-${asset.name}.txt`, `${doing.serial()}\n`)
    case 'side':
      return takeSide(doing)
    case 'amend':
      return amend(asset)
    case 'kill':
      return kill(doing)
  }
}

function told({ code, text }: { code: number; text: string }): string {
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

async function inDatabase(deed: Deed, doing: Doing): Promise<string> {
  const { asset, ledger, random, serial } = doing
  const items = (await asset.database.rows('items')) as readonly Item[]
  if (deed === 'note') return addNote(doing)
  if (deed === 'add') return addItem(doing, items)
  if (items.length === 0) return 'no item'
  const item = random.pick(items)
  const where = { id: String(item['id']) }
  if (deed === 'delete') {
    await asset.database.remove('items', where)
    noteDelete(ledger, item)
    return where.id
  }
  if (deed === 'count') {
    const change = random.integer(1, 9)
    await asset.database.run(`UPDATE items SET n = n + ${change} WHERE id = '${where.id}'`)
    noteCount(ledger, where.id, change)
    return `${where.id} +${change}`
  }
  const field = random.pick(FIELDS)
  const text = `v${serial()}x`
  await asset.database.change('items', where, { [field]: text, ...timeOf(random) })
  noteEdit(ledger, item, [field, text])
  return `${where.id}.${field} = ${text}, was ${item[field]}`
}

/** Real timestamps often do not move, or move backwards. */
function timeOf(random: Random): { t?: string } {
  if (!random.chance(40)) return {}
  return { t: new Date(Date.now() + random.integer(-600, 60) * 1000).toISOString() }
}

async function addItem({ asset, ledger, random, serial }: Doing, items: readonly Item[]): Promise<string> {
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
async function takeSide({ asset, random, madeByHand }: Doing): Promise<string> {
  await asset.try('fetch', '-q')
  const side = random.pick(['ours', 'theirs'])
  const merged = await asset.try('merge', '--no-commit', '--no-ff', '@{upstream}')
  if ((await asset.try('rev-parse', '-q', '--verify', 'MERGE_HEAD')).code !== 0)
    return `nothing to merge: ${merged.code}`
  madeByHand()
  const from = side === 'ours' ? 'HEAD' : 'MERGE_HEAD'
  await asset.git('checkout', '-q', from, '--', 'exports/app')
  return `${side}: ${told(await asset.try('commit', '-q', '--no-edit'))}`
}

/** Amends the last commit if nobody has it yet. */
async function amend(asset: Asset): Promise<string> {
  const ahead = await asset.git('rev-list', '--count', '@{upstream}..HEAD')
  const isMerge = (await asset.try('rev-parse', '-q', '--verify', 'HEAD^2')).code === 0
  if (ahead.stdout.trim() === '0' || isMerge) return 'nothing to amend'
  return told(await asset.try('commit', '-q', '--amend', '--no-edit', '--allow-empty'))
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
  await asset.try('merge', '--abort')
  return words.join(' ')
}
