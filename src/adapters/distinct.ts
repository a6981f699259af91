/** A list in an order of its own: a catalogue lists unique keys and references in the order in which they were made, and that must not show in a description. */
import { compareBytes } from '../model/canonical.ts'

/** Each item once, sorted by the bytes of its JSON text. */
export function distinctByText<Item>(items: readonly Item[]): Item[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]))
  return [...byText].sort((a, b) => compareBytes(a[0], b[0])).map(([, item]) => item)
}
