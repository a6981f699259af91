/** Arrays configured `{ keyed: field }`: elements are documents matched by that field, and merge like small records. */
import { type ValueText } from '../model/canonical.ts'
import { once } from '../model/once.ts'
import type { MergeContext, Place } from './context.ts'
import { isDocument } from './documents.ts'
import { compareElements, elementsOf, isArray } from './elements.ts'
import { decidingText, type FieldOrder } from './versions.ts'
import { fieldsOf, mapRegister, type Register } from './writes.ts'

type Indexed = ReadonlyMap<string, ValueText>

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
 * Merges the elements of two arrays; `undefined` when a side has an element without the key or two with the same, so that elements cannot be matched. Where one side
 * alone changed the sequence its sequence stands, else elements are sorted by key.
 */
export function mergeKeyed(context: MergeContext, at: KeyedPlace, register: Register): KeyedMerge | undefined {
  const { order } = context.rules
  const index = once((text: ValueText | undefined) => ({ elements: indexElements(text, at.field, order) }))
  const [ours, theirs] = [index(register.ours).elements, index(register.theirs).elements]
  if (ours === undefined || theirs === undefined) return undefined
  const merged = new Map<string, ValueText>()
  for (const key of [...new Set([...ours.keys(), ...theirs.keys()])].sort(compareElements)) {
    const place = { ...at.place, shown: `${at.place.shown}[${key}]` }
    const element = mapRegister(register, { at: (text) => index(text).elements?.get(key), holds: isArray }, order)
    const value = mergeElement(context, place, element)
    if (value !== undefined) merged.set(key, value)
  }
  const sequence = mapRegister(register, { at: (text) => sequenceText(index(text).elements), holds: isArray }, order)
  return arrange(merged, context.settle(sequence)?.value)
}

function indexElements(text: ValueText | undefined, field: string, order: FieldOrder): Indexed | undefined {
  const indexed = new Map<string, ValueText>()
  for (const element of elementsOf(text) ?? []) {
    const key = isDocument(element) ? fieldsOf(element).get(field) : undefined
    if (key === undefined) return undefined
    const id = decidingText(key, order)
    if (indexed.has(id)) return undefined
    indexed.set(id, element)
  }
  return indexed
}

function sequenceText(indexed: Indexed | undefined): ValueText | undefined {
  return indexed === undefined ? undefined : JSON.stringify([...indexed.keys()])
}

/** One element, by the same table as a record: an edited element that the other side deleted is kept whole, and said so. */
function mergeElement(context: MergeContext, place: Place, register: Register): ValueText | undefined {
  const settled = context.settle(register)
  if (settled !== undefined) return settled.value
  const { base, ours, theirs } = register
  if (ours !== undefined && theirs !== undefined) return context.merge(place, register)
  const kept = context.keepsEdited ? (ours ?? theirs) : register[context.choose(register).side]
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen: kept, rule: 'keep' })
  return kept
}

/** Puts the merged elements, which come sorted by key, in the sequence that stands. */
function arrange(merged: Indexed, sequence: ValueText | undefined): KeyedMerge {
  const standing = sequence === undefined ? [] : (JSON.parse(sequence) as string[])
  const keys = standing.filter((key) => merged.has(key))
  const elements = [...new Set([...keys, ...merged.keys()])].map((key) => merged.get(key) ?? '')
  return { elements, resequenced: sequence === undefined }
}
