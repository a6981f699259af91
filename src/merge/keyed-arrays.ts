/** Arrays configured `{ keyed: field }`: elements are documents matched by that field, and merge like small records. */
import { splitObject, type ValueText } from '../model/canonical.ts'
import type { MergeContext, Place } from './context.ts'
import { isDocument } from './documents.ts'
import { compareElements, type ElementVersions } from './elements.ts'
import { decidingText, type FieldOrder, trivialMerge, type Versions } from './versions.ts'

type Indexed = ReadonlyMap<string, ValueText>

interface IndexedVersions {
  readonly base: Indexed
  readonly ours: Indexed
  readonly theirs: Indexed
}

export interface KeyedPlace {
  readonly place: Place
  readonly field: string
}

export interface KeyedMerge {
  readonly elements: readonly ValueText[]
  /** Both sides added, removed or moved elements, so neither side's sequence stands as it was. */
  readonly resequenced: boolean
}

/**
 * Merges the elements of three arrays; `undefined` when a side has an element without the key or two with the same, so that elements cannot be matched. Where
 * one side alone changed the sequence its sequence stands, else elements are sorted by key.
 */
export function mergeKeyed(context: MergeContext, at: KeyedPlace, elements: ElementVersions): KeyedMerge | undefined {
  const sides = indexVersions(elements, at.field, context.rules.order)
  if (sides === undefined) return undefined
  const merged = new Map<string, ValueText>()
  for (const key of allKeys(sides)) {
    const place = { ...at.place, shown: `${at.place.shown}[${key}]` }
    const versions = { base: sides.base.get(key), ours: sides.ours.get(key), theirs: sides.theirs.get(key) }
    const element = mergeElement(context, place, versions)
    if (element !== undefined) merged.set(key, element)
  }
  return arrange(sides, merged)
}

function indexVersions(elements: ElementVersions, field: string, order: FieldOrder): IndexedVersions | undefined {
  const base = indexElements(elements.base, field, order)
  const ours = indexElements(elements.ours, field, order)
  const theirs = indexElements(elements.theirs, field, order)
  if (base === undefined || ours === undefined || theirs === undefined) return undefined
  return { base, ours, theirs }
}

function indexElements(elements: readonly ValueText[], field: string, order: FieldOrder): Indexed | undefined {
  const indexed = new Map<string, ValueText>()
  for (const element of elements) {
    const key = isDocument(element) ? splitObject(element).get(field) : undefined
    if (key === undefined) return undefined
    const id = decidingText(key, order)
    if (indexed.has(id)) return undefined
    indexed.set(id, element)
  }
  return indexed
}

/** Sorted, so that conflicts are listed alike whichever side is ours. */
function allKeys({ base, ours, theirs }: IndexedVersions): string[] {
  return [...new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])].sort(compareElements)
}

/** One element, by the same table as a record: an edited element that the other side deleted is kept whole, and said so. */
function mergeElement(context: MergeContext, place: Place, versions: Versions): ValueText | undefined {
  const trivial = trivialMerge(versions, context.rules.order)
  if (trivial !== undefined) return trivial.value
  const { ours, theirs } = versions
  if (ours !== undefined && theirs !== undefined) return context.merge(place, versions)
  const kept = ours ?? theirs
  context.conflicts.push({ ...versions, field: place.shown, chosen: kept, rule: 'keep' })
  return kept
}

/** Puts the merged elements, which come sorted by key, in the sequence that stands. */
function arrange({ base, ours, theirs }: IndexedVersions, merged: Indexed): KeyedMerge {
  const [before, left, right] = [base, ours, theirs].map((side) => JSON.stringify([...side.keys()]))
  const side = left === right || right === before ? ours : left === before ? theirs : undefined
  const keys = side === undefined ? [] : [...side.keys()].filter((key) => merged.has(key))
  const elements = [...new Set([...keys, ...merged.keys()])].map((key) => merged.get(key) ?? '')
  return { elements, resequenced: side === undefined }
}
