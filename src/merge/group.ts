/** Critical fields move as one group, so that an amount never ends up beside another side's ticker: a register with a tuple for its value. */
import { objectText, type ValueText } from '../model/canonical.ts'
import type { MergeRules } from '../model/rules.ts'
import type { MergeContext } from './context.ts'
import { type FieldVersions, fieldOf } from './documents.ts'
import type { Entry } from './print.ts'
import { type Side, sameValue, trivialMerge } from './versions.ts'

export type GroupValues = ReadonlyMap<string, ValueText | undefined>

/**
 * The merged values of the critical fields by name. Where both sides changed the group and differ in it, all of it comes from one side, and one decision names all
 * its fields; else each is taken from the side that changed it. Empty where the record has fewer than two of them: one field alone is an ordinary field.
 */
export function mergeGroup(context: MergeContext, sides: FieldVersions): GroupValues {
  const names = groupNames(sides, context.rules)
  if (names.length < 2) return new Map()
  if (isContested(names, sides, context.rules)) return takeWhole(context, names, sides)
  const { order } = context.rules
  return new Map(names.map((name) => [name, trivialMerge(fieldOf(sides, name), order)?.value] as const))
}

/** The critical fields that any version of the record has, in the order they are configured in. */
function groupNames(sides: FieldVersions, { critical, derived }: MergeRules): string[] {
  const known = (name: string): boolean => sides.base.has(name) || sides.ours.has(name) || sides.theirs.has(name)
  return critical.filter((name) => known(name) && !derived.includes(name))
}

/** Each side changed some field of the group, and they do not agree on all of it. */
function isContested(names: readonly string[], sides: FieldVersions, { order }: MergeRules): boolean {
  const differ = (a: 'base' | Side, b: Side): boolean =>
    names.some((name) => !sameValue(sides[a].get(name), sides[b].get(name), order))
  return differ('base', 'ours') && differ('base', 'theirs') && differ('ours', 'theirs')
}

function takeWhole(context: MergeContext, names: readonly string[], sides: FieldVersions): GroupValues {
  const base = context.edited ? tuple(names, sides.base) : undefined
  const versions = { base, ours: tuple(names, sides.ours), theirs: tuple(names, sides.theirs) }
  const { side, rule } = context.choose(versions.ours, versions.theirs)
  context.conflicts.push({ ...versions, field: names.join(' + '), chosen: versions[side], rule })
  return new Map(names.map((name) => [name, sides[side].get(name)] as const))
}

/** The group's fields as one object, absent ones left out. */
function tuple(names: readonly string[], fields: ReadonlyMap<string, ValueText>): ValueText {
  return objectText(
    names.flatMap((name): Entry[] => {
      const value = fields.get(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
