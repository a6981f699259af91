/** Puts the columns that are to be made in the order in which the first machine has them. */
import { columnOrders, type WantedColumns } from '../exports/column-order.ts'
import { type SchemaChange, isFieldAdded } from '../model/schema-change.ts'
import type { Source } from '../source/source.ts'

/** The changes with the order of columns of each new table, and with the new fields of a table in their order. @param commit the commit whose exports have the structure */
export async function inColumnOrder(
  source: Source,
  commit: string | undefined,
  changes: readonly SchemaChange[],
): Promise<readonly SchemaChange[]> {
  if (commit === undefined || !source.adapter.capabilities.declaredFields) return changes
  const names = [...new Set(changes.map(({ collection }) => collection))]
  const wanted = names.map((name) => wantedOf(source, name, changes)).filter(({ fields }) => fields.length > 1)
  const orders = await columnOrders(source, commit, wanted)
  return names.flatMap((name) => {
    const own = changes.filter(({ collection }) => collection === name)
    const columns = orders.get(name)
    return columns === undefined ? own : ordered(own, columns)
  })
}

function wantedOf(source: Source, name: string, changes: readonly SchemaChange[]): WantedColumns {
  const fields = changes.flatMap((change) => {
    if (change.collection !== name) return []
    if (change.kind === 'create') return change.schema.fields.map((field) => field.name)
    return isFieldAdded(change) ? [change.field.name] : []
  })
  return { name, folder: source.folder(name), fields }
}

/** The changes of one collection; its new fields come first, as keys and references may need them. */
function ordered(changes: readonly SchemaChange[], columns: readonly string[]): SchemaChange[] {
  const added = changes.filter(isFieldAdded)
  added.sort((a, b) => columns.indexOf(a.field.name) - columns.indexOf(b.field.name))
  const others = changes.filter((change) => !isFieldAdded(change))
  return [...added, ...others.map((change) => (change.kind === 'create' ? { ...change, columns } : change))]
}
