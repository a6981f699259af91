/** Tables that cannot take part as they are: those without a key, and those that refer to one that is left out for such a reason. They are left out by name, and the others go on. */
import type { LeftOut } from '../adapters/adapter.ts'
import type { Selection } from '../model/collection.ts'

/** The collections of a source, divided. */
export interface FitAndUnfit {
  readonly selections: ReadonlyMap<string, Selection>
  readonly unfit: readonly LeftOut[]
}

/** Why a table without a key is left out, or held where the exports have it. */
export function keylessReason(source: string, name: string): string {
  return `has no primary key; set sources.${source}.collections.${name}.key, or exclude it`
}

/** @param leftOut what the adapter leaves out already */
export function withoutUnfit(
  source: string,
  selected: ReadonlyMap<string, Selection>,
  leftOut: readonly LeftOut[],
): FitAndUnfit {
  const reasons = new Map(leftOut.flatMap(({ name, reason, isHeld }) => (isHeld === true ? [[name, reason]] : [])))
  const known = reasons.size
  for (const [name, { schema }] of selected) if (schema.key.length === 0) reasons.set(name, keylessReason(source, name))
  for (let before = -1; before !== reasons.size;) {
    before = reasons.size
    for (const [name, { schema }] of selected) {
      const parent = schema.references.find(({ to }) => to !== name && reasons.has(to))
      if (parent !== undefined && !reasons.has(name)) reasons.set(name, parentReason(selected, parent))
    }
  }
  const unfit = [...reasons].slice(known).map(([name, reason]): LeftOut => ({ name, reason, isHeld: true }))
  return { selections: new Map([...selected].filter(([name]) => !reasons.has(name))), unfit }
}

/** A foreign key refers to unique fields, so these can be the key of a parent without one. */
function parentReason(
  selected: ReadonlyMap<string, Selection>,
  { to, toFields }: Selection['schema']['references'][number],
): string {
  const isKeyless = selected.get(to)?.schema.key.length === 0
  if (!isKeyless) return `refers to ${to}, which is left out`
  return `refers to ${to}, which has no primary key: write "collections": {${JSON.stringify(to)}: {"key": ${JSON.stringify(toFields)}}}`
}
