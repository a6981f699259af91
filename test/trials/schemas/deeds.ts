/** What happens on a machine, one deed at a time: edits in its database, migrations, and git as people use it. */
import type { Asset } from '../../support/asset.ts'
import type { Fields as Record_ } from '../../support/live-database.ts'
import type { Random } from '../simulator/random.ts'
import { pull, told } from '../simulator/real/deeds.ts'
import type { Ledger } from './ledger.ts'
import { childrenOf, type Seen, viewOf } from './view.ts'
import { PARENTS, type SchemaWorld, TABLE_NAMES } from './world.ts'

/** Several edits come between two exchanges: they cost next to nothing, and what meets is what was edited apart. */
export const DEEDS = {
  edit: 80,
  price: 16,
  stock: 12,
  repoint: 20,
  add: 50,
  remove: 18,
  swap: 16,
  migrate: 5,
  push: 14,
  pull: 14,
  rebase: 5,
  sync: 4,
  code: 5,
  amend: 3,
  squash: 4,
  republish: 2,
} as const

export interface Doing {
  readonly asset: Asset
  readonly world: SchemaWorld
  readonly ledger: Ledger
  readonly random: Random
  readonly serial: () => number
  /** Machine → how many migrations it has done. */
  readonly migrated: Map<string, number>
}

/** Does one thing; answers what a person would note of it. */
export function doDeed(deed: keyof typeof DEEDS, doing: Doing): Promise<string> {
  return DO[deed](doing)
}

const DO: Readonly<Record<keyof typeof DEEDS, (doing: Doing) => Promise<string>>> = {
  edit: (doing) =>
    onSome(doing, TABLE_NAMES, (seen) => write(doing, seen, { field: 'note', text: `n${doing.serial()}x` })),
  price: (doing) =>
    onSome(doing, ['goods'], (seen) => write(doing, seen, { field: 'price', text: String(1000 + doing.serial()) })),
  stock: (doing) => onSome(doing, ['goods'], (seen) => setStock(doing, seen)),
  repoint: (doing) => onSome(doing, ['pets', 'sights', 'visits'], (seen, all) => repoint(doing, seen, all)),
  add,
  remove: (doing) => onSome(doing, TABLE_NAMES, (seen, all) => remove(doing, seen, all)),
  swap,
  migrate,
  push: async ({ asset }) => told(await asset.try('push', '-q')),
  pull: ({ asset }) => pull(asset),
  rebase: async ({ asset }) => told(await asset.try('pull', '-q', '--rebase')),
  sync: async ({ asset }) => told(await asset.tandem('sync')),
  code: ({ asset, serial }) => asset.commit(`code-${asset.name}.txt`, `${serial()}\n`),
  amend: async ({ asset }) =>
    (await ahead(asset)) === 0
      ? 'nothing to amend'
      : told(await asset.try('commit', '-q', '--amend', '--no-edit', '--allow-empty')),
  squash,
  republish,
}

async function onSome(
  { asset, random }: Doing,
  tables: readonly string[],
  work: (seen: Seen, all: readonly Seen[]) => Promise<string>,
): Promise<string> {
  const all = await viewOf(asset)
  const rows = all.filter(({ table }) => tables.includes(table))
  const wanted = random.pick(tables)
  const among = rows.filter(({ table }) => table === wanted)
  return among.length === 0 ? `no row of ${wanted}` : work(random.pick(among), all)
}

async function write(
  { asset, ledger }: Doing,
  { table, what, fields }: Seen,
  to: { readonly field: string; readonly text: string; readonly value?: Record_[string] },
): Promise<string> {
  const { field, text, value = text } = to
  const before = String(fields[field])
  for (const [parent] of PARENTS[table] ?? []) ledger.touch(String(fields[parent]))
  await asset.database.change(table, { what }, { [field]: /^\d+$/.test(String(value)) ? Number(value) : value })
  ledger.write(what, field, { before, text })
  return `${what}.${field} = ${text}, was ${before}`
}

async function setStock(doing: Doing, seen: Seen): Promise<string> {
  if (!('stock' in seen.fields)) return 'there is no such field yet'
  if (doing.random.chance(25)) return write(doing, seen, { field: 'stock', text: 'null', value: null })
  return write(doing, seen, { field: 'stock', text: String(2000 + doing.serial()) })
}

/** A row gets another parent. */
async function repoint(doing: Doing, seen: Seen, all: readonly Seen[]): Promise<string> {
  const [field, table] = PARENTS[seen.table]?.[0] ?? ['', '']
  const others = all.filter((each) => each.table === table && each.what !== seen.fields[field])
  if (others.length === 0) return 'no other parent'
  const parent = doing.random.pick(others)
  doing.ledger.touch(parent.what)
  return write(doing, seen, { field, text: parent.what, value: keyOf(parent, doing.random) })
}

/** A parent's key; of an owner in some spelling. */
function keyOf({ row }: Seen, random: Random): string | number {
  const name = row['name']
  if (name === undefined || name === null) return Number(row['id'])
  return random.pick([name, name.toUpperCase(), name.toLowerCase()])
}

async function add(doing: Doing): Promise<string> {
  const { asset, world, ledger, random, serial } = doing
  const table = random.pick(TABLE_NAMES)
  const all = await viewOf(asset)
  const made = newRow(table, all, doing)
  if (made === undefined) return `nothing to add to ${table}`
  const { what, row, fields, isLoose } = made
  const note = `n${serial()}x`
  const id = await world.numberFor(asset, table)
  const columns = { ...(id === undefined ? {} : { id }), ...row, what, note }
  const names = Object.keys(columns).join(', ')
  const values = Object.values(columns).map((value) => (typeof value === 'number' ? value : `'${value}'`))
  await asset.database.run(
    ...(isLoose ? [world.unchecked] : []),
    `INSERT INTO ${table} (${names}) VALUES (${values.join(', ')})`,
  )
  for (const parent of Object.values(fields)) ledger.touch(parent)
  ledger.add(table, what, { by: asset.name, fields: { note, ...fields } })
  return `${what} to ${table} ${JSON.stringify(fields)}`
}

interface NewRow {
  readonly what: string
  readonly row: Readonly<Record<string, string | number>>
  readonly fields: Readonly<Record<string, string>>
  /** It refers to nothing that is there. */
  readonly isLoose?: boolean
}

function newRow(table: string, all: readonly Seen[], { asset, random, serial }: Doing): NewRow | undefined {
  const of = (name: string): Seen[] => all.filter((each) => each.table === name)
  const number = serial()
  const what = `${table}${number}`
  switch (table) {
    case 'owners': {
      const name = random.pick(['Cleo', 'CLEO', 'cleo', 'Dora', 'dora'])
      if (of('owners').some((each) => each.what === name.toLowerCase())) return undefined
      return { what: name.toLowerCase(), row: { name }, fields: {} }
    }
    case 'page_tags': {
      const [page, tag] = [random.pick(of('pages')), random.pick(of('tags'))]
      if (page === undefined || tag === undefined) return undefined
      const both = `${page.what} ${tag.what}`
      if (of(table).some((each) => each.what === both)) return undefined
      const row = { page_id: Number(page.row['id']), tag_id: Number(tag.row['id']) }
      return { what: both, row, fields: { page_id: page.what, tag_id: tag.what } }
    }
    case 'cards': {
      const places = of('cards').map(({ row }) => Number(row['pos']))
      return { what, row: { id: what, pos: Math.max(-1, ...places) + 1 }, fields: {} }
    }
    case 'users':
      return { what, row: { password: `of ${what} on ${asset.name}` }, fields: {} }
    case 'goods':
      return { what, row: { id: what, price: number }, fields: { price: String(number) } }
  }
  const [field, parentTable] = PARENTS[table]?.[0] ?? []
  const key = table === 'pets' ? { id: what } : {}
  if (field === undefined || parentTable === undefined) return { what, row: key, fields: {} }
  const loose = 9100 + number
  if (table === 'sights' && random.chance(30))
    return { what, row: { [field]: loose }, fields: { [field]: String(loose) }, isLoose: true }
  const parents = of(parentTable)
  if (parents.length === 0) return undefined
  const parent = random.pick(parents)
  return { what, row: { ...key, [field]: keyOf(parent, random) }, fields: { [field]: parent.what } }
}

/** Deletes a row, and before it those that refer to it, as a program does that has no cascade. */
async function remove({ asset, ledger }: Doing, seen: Seen, all: readonly Seen[]): Promise<string> {
  const children = childrenOf(all, seen)
  for (const { table, what, fields } of [...children, seen]) {
    await asset.database.remove(table, { what })
    ledger.remove(what, fields)
  }
  return [...children, seen].map(({ what }) => what).join(', ')
}

/** Two cards change places, or one goes to the front and the others make room, in one transaction. */
async function swap({ asset, ledger, random }: Doing): Promise<string> {
  const cards = (await asset.database.rows('cards')).toSorted((a, b) => Number(a['pos']) - Number(b['pos']))
  if (cards.length < 2) return 'too few cards'
  const [from, to] = [random.integer(0, cards.length - 1), random.integer(0, cards.length - 1)]
  const [moved] = cards.splice(from, 1)
  cards.splice(to, 0, moved as (typeof cards)[number])
  await asset.database.run(
    'BEGIN',
    'UPDATE cards SET pos = -1 - pos',
    ...cards.map(({ id }, pos) => `UPDATE cards SET pos = ${pos} WHERE id = '${id}'`),
    'COMMIT',
  )
  for (const [pos, card] of cards.entries()) if (Number(card['pos']) !== pos) ledger.touch(String(card['what']))
  return cards.map(({ what }) => what).join(', ')
}

/** The machine's next migration. */
export async function migrate({
  asset,
  world,
  migrated,
}: Pick<Doing, 'asset' | 'world' | 'migrated'>): Promise<string> {
  const done = migrated.get(asset.name) ?? 0
  const statements = world.migrations[done]
  if (statements === undefined) return 'no more migrations'
  await asset.database.run(...statements)
  migrated.set(asset.name, done + 1)
  return String(statements.at(-1) === 'COMMIT' ? statements[1] : statements[0])
}

async function ahead(asset: Asset): Promise<number> {
  return Number((await asset.git('rev-list', '--count', '@{upstream}..HEAD')).stdout)
}

/** What was not pushed becomes one commit. */
async function squash({ asset, serial }: Doing): Promise<string> {
  const isMerged = (await asset.git('rev-list', '--count', '--merges', '@{upstream}..HEAD')).stdout.trim() !== '0'
  const behind = (await asset.git('rev-list', '--count', 'HEAD..@{upstream}')).stdout.trim() !== '0'
  if (isMerged || behind || (await ahead(asset)) < 2) return 'nothing to squash'
  await asset.git('reset', '-q', '--soft', '@{upstream}')
  return told(await asset.try('commit', '-q', '--allow-empty', '-m', `squash ${serial()}`))
}

/** The last commit, which all may have, gets another message and is forced onto the remote. */
async function republish({ asset, serial }: Doing): Promise<string> {
  await asset.git('fetch', '-q')
  const isLast = (await asset.id('HEAD')) === (await asset.id('@{upstream}'))
  const isMerge = (await asset.try('rev-parse', '-q', '--verify', 'HEAD^2')).code === 0
  if (!isLast || isMerge) return 'not the last commit'
  const { stdout } = await asset.git('log', '-1', '--format=%B')
  const amended = told(await asset.try('commit', '-q', '--amend', '-m', `again ${serial()}: ${stdout}`))
  return `${amended}, ${told(await asset.try('push', '-q', '--force-with-lease'))}`
}
