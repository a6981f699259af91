/**
 * Which live records change when some of them lose their key: the losers themselves, and whatever refers to them, however far. Numbers are not known yet: only
 * which field takes its value from where. Whose child a record is, is told by the line of history on which the collision came about.
 */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import { childrenOf, referencesTo } from './children.ts'
import { tupleOf, type Given, type World, type WorldCollection } from './world.ts'

/** Where a field's new value comes from: a number to be drawn, one that another machine gave, or a field of the record that it refers to. */
export type FieldSource =
  | { readonly kind: 'drawn' }
  | { readonly kind: 'given'; readonly place: Given }
  | { readonly kind: 'parent'; readonly parent: Follower; readonly field: string }

/** A record of live that changes. */
export interface Follower {
  readonly collection: string
  /** Its key in live. */
  readonly key: KeyText
  readonly record: RecordText
  readonly line: number
  /** HEAD has a record of its own under this key, which stays there: live's moves away from it. */
  readonly splits: boolean
  readonly fields: ReadonlyMap<string, FieldSource>
}

/** A child whose parent each side named by the same number, and that cannot be two records: it stays with HEAD's. */
export interface Contested {
  readonly collection: string
  readonly key: KeyText
  readonly reference: Reference
  readonly parent: Follower
}

export interface Following {
  readonly followers: readonly Follower[]
  readonly contested: readonly Contested[]
  /** Live records, by collection, that refer to such a key and mean HEAD's record: they stay as they are, but must still be so. */
  readonly witnesses: ReadonlyMap<string, ReadonlySet<KeyText>>
}

interface Node extends Follower {
  readonly fields: Map<string, FieldSource>
}

/** A live record that refers to one that changes. */
interface Child {
  readonly parent: Node
  readonly collection: string
  readonly reference: Reference
  readonly key: KeyText
  readonly record: RecordText
}

interface Search {
  readonly world: World
  readonly nodes: Map<string, Node>
  /** Records whose children are still to be looked at. */
  readonly queue: Set<Node>
  readonly contested: Map<string, Contested>
  readonly witnesses: Map<string, Set<KeyText>>
}

/** Follows references from the moved records until nothing more changes. */
export function follow(world: World): Following {
  const search: Search = {
    world,
    nodes: new Map(),
    queue: new Set(),
    contested: new Map(),
    witnesses: new Map(),
  }
  for (const [collection, { moved, rules }] of world.collections)
    for (const each of moved) {
      const node = nodeFor(search, { collection, key: each.key, record: each.record, line: each.line, splits: true })
      node.fields.set(rules.key[0] as string, numberFor(world, collection, each.key))
    }
  for (const parent of search.queue) {
    search.queue.delete(parent) // a set goes on to what is added again
    for (const [collection, reference] of referencesTo(world, parent)) visit(search, parent, [collection, reference])
  }
  const { nodes, contested, witnesses } = search
  return { followers: [...nodes.values()], contested: [...contested.values()], witnesses }
}

function numberFor(world: World, collection: string, key: KeyText): FieldSource {
  const place = world.collections.get(collection)?.given.get(key)
  return place === undefined ? { kind: 'drawn' } : { kind: 'given', place }
}

function nodeFor(search: Search, start: Omit<Follower, 'fields'>): Node {
  const id = idOf(start)
  const known = search.nodes.get(id)
  if (known !== undefined) return known
  const node: Node = { ...start, fields: new Map() }
  search.nodes.set(id, node)
  search.queue.add(node)
  return node
}

function idOf({ collection, key }: Pick<Follower, 'collection' | 'key'>): string {
  return `${collection}\n${key}`
}

function visit(search: Search, parent: Node, [collection, reference]: readonly [string, Reference]): void {
  const tuple = tupleOf(parent.record, reference.toFields)
  for (const [key, record] of childrenOf(search.world, { collection, reference, tuple })) {
    const child = { parent, collection, reference, key, record }
    const whose = whoseChild(search, child)
    if (whose === 'theirs' || whose === 'contested') witness(search, child)
    if (whose === 'contested')
      search.contested.set(JSON.stringify([collection, key, reference.fields]), { collection, key, reference, parent })
    if (whose === 'ours' || whose === 'both') link(search, child, whose === 'both')
  }
}

/** `both`: each side has a child of its own under this key; `contested`: one child, whose parent each side named by the same number. */
function whoseChild(search: Search, child: Child): 'ours' | 'theirs' | 'both' | 'contested' {
  const { parent, collection, reference, key, record } = child
  if (search.nodes.get(idOf(child))?.splits === true) return 'ours'
  const line = search.world.lines[parent.line]
  const [base, theirs] = [line?.base.get(collection)?.get(key), line?.theirs.get(collection)?.get(key)]
  const tuple = tupleOf(record, reference.fields)
  if (tupleOf(theirs, reference.fields) !== tuple) return 'ours'
  if (tupleOf(base, reference.fields) === tuple) return 'theirs'
  const { rules, head } = search.world.collections.get(collection) as WorldCollection
  const canBeTwo = rules.serialKey || reference.fields.some((name) => rules.key.includes(name))
  return base === undefined && canBeTwo && head.has(key) ? 'both' : 'contested'
}

function link(search: Search, child: Child, splits: boolean): void {
  const { parent, collection, reference, key, record } = child
  const { rules } = search.world.collections.get(collection) as WorldCollection
  const node = nodeFor(search, { collection, key, record, line: parent.line, splits })
  const before = node.fields.size
  if (splits && rules.serialKey) node.fields.set(rules.key[0] as string, numberFor(search.world, collection, key))
  for (const [i, field] of reference.fields.entries()) {
    const from = reference.toFields[i] as string
    if (parent.fields.has(from) && !node.fields.has(field))
      node.fields.set(field, { kind: 'parent', parent, field: from })
  }
  if (node.fields.size > before) search.queue.add(node)
}

function witness(search: Search, { collection, key }: Child): void {
  const keys = search.witnesses.get(collection) ?? new Set()
  search.witnesses.set(collection, keys.add(key))
}
