/**
 * Finds the live records that change when some of them lose their key: those records, the records that refer to them, and so on. The new numbers are not known yet; for each
 * field it is only noted where its value will come from. Which of the two colliding records a child belongs to is read from the line of history on which the collision came about.
 */
import type { KeyText, RecordText } from '../../model/canonical.ts'
import type { Reference } from '../../model/collection.ts'
import { tupleOf } from '../tuple.ts'
import { childrenOf, referencesTo } from './children.ts'
import { referredBy } from './referred.ts'
import type { FieldSource, Follower, RekeyingWorld, WorldCollection } from './world.ts'

/** A child that both sides added under one key and that refers to the colliding number on both. It cannot become two records, so it stays with HEAD's parent, and a decision says so. */
export interface Contested {
  readonly collection: string
  readonly key: KeyText
  readonly reference: Reference
  readonly parent: Follower
}

/** The result of following references. */
export interface Following {
  readonly followers: readonly Follower[]
  readonly contested: readonly Contested[]
  /** By collection, live records that refer to a colliding key and belong to HEAD's record. They are not changed, but the plan requires that they still are as they were read. */
  readonly witnesses: ReadonlyMap<string, ReadonlySet<KeyText>>
}

interface Node extends Follower {
  readonly fields: Map<string, FieldSource>
}

/** A live record that refers to a record that changes. */
interface Child {
  readonly parent: Node
  readonly collection: string
  readonly reference: Reference
  readonly key: KeyText
  readonly record: RecordText
}

interface Search {
  readonly world: RekeyingWorld
  readonly nodes: Map<string, Node>
  /** Records whose children are still to be looked at. */
  readonly queue: Set<Node>
  readonly contested: Map<string, Contested>
  readonly witnesses: Map<string, Set<KeyText>>
}

/** Follows references from the records that lost their key until no further record changes. It ends: a record is visited again only when one more of its fields changes. */
export function follow(world: RekeyingWorld): Following {
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
    search.queue.delete(parent) // iteration over a set also visits what is added later, so a record added again is visited again
    for (const [collection, reference] of referencesTo(world, parent)) visit(search, parent, [collection, reference])
  }
  const { nodes, contested, witnesses } = search
  return { followers: [...nodes.values()], contested: [...contested.values()], witnesses }
}

function numberFor(world: RekeyingWorld, collection: string, key: KeyText): FieldSource {
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

/**
 * To which of the two colliding records a child refers. `ours`: live's; `theirs`: HEAD's; `both`: each side has a child of its own under this key, so the child becomes two
 * records; `contested`: both sides added the child, and it cannot become two.
 */
function whoseChild(search: Search, child: Child): 'ours' | 'theirs' | 'both' | 'contested' {
  const { parent, collection, reference, key, record } = child
  if (search.nodes.get(idOf(child))?.splits === true) return 'ours'
  const line = search.world.lines[parent.line]
  const [base, theirs] = [line?.base.get(collection)?.get(key), line?.theirs.get(collection)?.get(key)]
  const tuple = referredBy(record, reference)
  if (referredBy(theirs, reference) !== tuple) return 'ours'
  if (referredBy(base, reference) === tuple) return 'theirs'
  const { rules, head } = search.world.collections.get(collection) as WorldCollection
  const canBeTwo = rules.serialKey || reference.fields.some((name) => rules.key.includes(name))
  return base === undefined && canBeTwo && head.has(key) ? 'both' : 'contested'
}

function link(search: Search, child: Child, splits: boolean): void {
  const { parent, collection, reference, key, record } = child
  const { rules } = search.world.collections.get(collection) as WorldCollection
  const node = nodeFor(search, { collection, key, record, line: parent.line, splits })
  const before = node.fields.size
  const [own] = rules.key
  if (splits && rules.serialKey && own !== undefined && !node.fields.has(own))
    node.fields.set(own, numberFor(search.world, collection, key))
  for (const [i, field] of reference.fields.entries()) {
    const from = reference.toFields[i] as string
    if (parent.fields.has(from) && mayTake(node, field, { parent, from }))
      node.fields.set(field, { kind: 'parent', parent, field: from })
  }
  if (node.fields.size > before) search.queue.add(node)
}

/** A field takes its parent's new value once; a key that is its parent's takes it instead of a number of its own, unless the parent's value comes from there. */
function mayTake(node: Node, field: string, at: { readonly parent: Node; readonly from: string }): boolean {
  const known = node.fields.get(field)
  if (known === undefined) return true
  if (known.kind === 'parent') return false
  let source = at.parent.fields.get(at.from)
  for (let from: Follower = at.parent; ; from = source.parent, source = source.parent.fields.get(source.field)) {
    if (from === node) return false
    if (source?.kind !== 'parent') return true
  }
}

function witness(search: Search, { collection, key }: Child): void {
  const keys = search.witnesses.get(collection) ?? new Set()
  search.witnesses.set(collection, keys.add(key))
}
