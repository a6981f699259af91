/** What the worlds of this trial have in common, whatever keeps their tables: the interface, what each machine holds at the start, and which table refers to which. Every row has a `what` that nobody changes: by it a row is known whatever its key becomes. */
import type { Asset } from '../../support/asset.ts'
import type { LiveDatabase } from '../../support/live-database.ts'
import type { World } from '../simulator/real/machines.ts'

/** Tables with the traits of real schemas. */
export interface SchemaWorld extends World {
  /** What a machine's migrations do, one after the other: a field with a default, one that is required, and another type. */
  readonly migrations: readonly (readonly string[])[]
  /** Before a statement that gives a row a parent that is not there. */
  readonly unchecked: string
  /** The number that a row added to the table takes; undefined where the database may hand out any. */
  numberFor(asset: Asset, table: string): Promise<number | undefined>
  /** The rows of a machine that lost their parent, a line each; a sight never needs one. */
  orphans(database: LiveDatabase): Promise<readonly string[]>
}

/** `visits` names its parent without a foreign key; a user who arrives gets a password that fits nothing. */
export const COLLECTIONS: World['collections'] = {
  visits: { references: { page_id: 'pages' } },
  users: { placeholder: { password: '!' } },
}

const SOME = [0, 1, 2, 3]

/** Fills the tables; pets name their owners in other spellings, and two sights have no spot. @param unchecked as in the world */
export async function fill({ database }: Asset, unchecked: string): Promise<void> {
  const named = (what: string): { what: string; note: string } => ({ what, note: `${what}-0` })
  await database.insert('owners', [
    { name: 'Ann', ...named('ann') },
    { name: 'Bob', ...named('bob') },
  ])
  await database.insert('pets', [
    { id: 'p0', owner: 'ANN', ...named('pet0') },
    { id: 'p1', owner: 'bob', ...named('pet1') },
  ])
  for (const [table, stem] of [
    ['spots', 'spot'],
    ['pages', 'page'],
    ['tags', 'tag'],
  ] as const)
    await database.insert(
      table,
      SOME.map((i) => ({ id: i + 1, ...named(`${stem}${i}`) })),
    )
  await database.run(
    unchecked,
    ...SOME.map((i) => `INSERT INTO sights VALUES (${i + 1}, ${i < 2 ? i + 1 : 9000 + i}, 'sight${i}', 'sight${i}-0')`),
  )
  await database.insert(
    'visits',
    SOME.map((i) => ({ id: i + 1, page_id: i + 1, ...named(`visit${i}`) })),
  )
  await database.insert(
    'page_tags',
    SOME.map((i) => ({ page_id: i + 1, tag_id: 4 - i, ...named(`page${i} tag${3 - i}`) })),
  )
  await database.insert(
    'cards',
    SOME.map((i) => ({ id: `c${i}`, pos: i, ...named(`card${i}`) })),
  )
  await database.insert(
    'users',
    SOME.map((i) => ({ id: i + 1, ...named(`user${i}`), password: `of user${i} on a` })),
  )
  await database.insert(
    'goods',
    SOME.map((i) => ({ id: `g${i}`, price: 10 + i, ...named(`good${i}`) })),
  )
}

/** Child table → the field that refers, and to which table. */
export const PARENTS: Readonly<Record<string, readonly (readonly [field: string, table: string])[]>> = {
  pets: [['owner', 'owners']],
  sights: [['spot', 'spots']],
  visits: [['page_id', 'pages']],
  page_tags: [
    ['page_id', 'pages'],
    ['tag_id', 'tags'],
  ],
}

export const TABLE_NAMES: readonly string[] = [
  'owners',
  'pets',
  'spots',
  'sights',
  'pages',
  'visits',
  'tags',
  'page_tags',
  'cards',
  'users',
  'goods',
]
