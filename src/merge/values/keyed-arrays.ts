/** Arrays configured `{ keyed: field }`: their elements are documents that are matched by that field and merged field by field. */
import type { ValueText } from '../../model/canonical.ts'
import { once } from '../../model/once.ts'
import type { MergeContext, ValuePlace } from './context.ts'
import { compareElements, elementsOf, isArray } from './elements.ts'
import { type FieldOrder, decidingText, isDocument } from '../versions.ts'
import { type Register, fieldsOf, mapRegister } from '../history/writes.ts'

type Indexed = ReadonlyMap<string, ValueText>

/** The place of a keyed array, and the field by which its elements are matched. */
export interface KeyedPlace {
  readonly place: ValuePlace
  readonly field: string
}

/** The merged elements of a keyed array. */
export interface KeyedMerge {
  readonly elements: readonly ValueText[]
  /** True when both sides added, removed or moved elements: the merged elements are then sorted by key and in neither side's sequence. */
  readonly resequenced: boolean
}

/**
 * Merges the elements of two arrays. Where only one side changed the sequence of elements, its sequence is kept, else the elements are sorted by key.
 * @returns undefined when the elements cannot be matched: one of them lacks the field, or two have the same value in it
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
  return arrange(merged, context.choices.settle(sequence)?.value)
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

/** The merged element; undefined when it is deleted. An element that one side edited and the other deleted is kept as edited and reported. */
function mergeElement(context: MergeContext, place: ValuePlace, register: Register): ValueText | undefined {
  const settled = context.choices.settle(register)
  if (settled !== undefined) return settled.value
  const { base, ours, theirs } = register
  if (ours !== undefined && theirs !== undefined) return context.merge(place, register)
  const kept = context.choices.keepsEdited ? (ours ?? theirs) : register[context.choices.choose(register).side]
  context.conflicts.push({ base, ours, theirs, field: place.shown, chosen: kept, rule: 'keep' })
  return kept
}

/** The merged elements in this sequence, new ones at the end; sorted by key, as they are given, when there is no sequence. */
function arrange(merged: Indexed, sequence: ValueText | undefined): KeyedMerge {
  const standing = sequence === undefined ? [] : (JSON.parse(sequence) as string[])
  const keys = standing.filter((key) => merged.has(key))
  const elements = [...new Set([...keys, ...merged.keys()])].map((key) => merged.get(key) ?? '')
  return { elements, resequenced: sequence === undefined }
}
