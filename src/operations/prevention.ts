/**
 * How machines can avoid taking the same numbers in the first place: each counts in steps of its own, or keys are UUIDs. Statements to be printed and looked at;
 * nothing here runs them.
 */
import { createHash } from 'node:crypto'
import type { CollectionSchema } from '../model/collection.ts'
import type { Source } from './source.ts'

/** What `init` and `doctor` offer for one source. */
export interface Prevention {
  /** Collections whose numbers each machine hands out by itself. */
  readonly collections: readonly string[]
  /** SQL for this machine, a line each; empty where the database knows no steps. */
  readonly statements: readonly string[]
  readonly advice: string
}

/** The part of a source that decides. */
type Place = Pick<Source, 'adapter' | 'selections'>

/** How many machines the offered steps leave room for. */
const MACHINES = 10

/** undefined: no exported collection has a key that the database hands out by itself. */
export function preventionFor(source: Place, asset: string): Prevention | undefined {
  const serial = [...source.selections.values()].map(({ schema }) => schema).filter((schema) => serialField(schema))
  if (serial.length === 0) return undefined
  const collections = serial.map(({ name }) => name)
  const statements =
    source.adapter.engine === 'postgres' ? serial.flatMap((schema) => steps(schema, slotOf(asset))) : []
  return { collections, statements, advice: adviceFor(source, statements.length > 0) }
}

function serialField({ fields, key }: CollectionSchema): string | undefined {
  const [only, ...more] = key
  return more.length === 0 ? fields.find(({ name, serial }) => name === only && serial === true)?.name : undefined
}

/** A number from 1 to 10 that follows from the machine's name; two machines may share one, so it is said to be looked at. */
function slotOf(asset: string): number {
  return ((createHash('sha256').update(asset).digest()[0] as number) % MACHINES) + 1
}

/** Steps of ten from a place of the machine's own, above all numbers in use. */
function steps(schema: CollectionSchema, slot: number): string[] {
  const field = serialField(schema) as string
  const table = schema.name.includes('.') ? schema.name : `public.${schema.name}`
  const name = table
    .split('.')
    .map((part) => (part.startsWith('"') ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.')
  const sequence = `pg_get_serial_sequence(${literal(name)}, ${literal(field)})`
  const column = `"${field.replaceAll('"', '""')}"`
  return [
    `DO $$ BEGIN EXECUTE format('ALTER SEQUENCE %s INCREMENT BY ${MACHINES}', ${sequence}); END $$;`,
    `SELECT setval(${sequence}, (coalesce(max(${column}), 0) / ${MACHINES} + 1) * ${MACHINES} + ${slot}, false) FROM ${name};`,
  ]
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function adviceFor(source: Place, hasSteps: boolean): string {
  const uuid = 'new tables are better off with UUID keys'
  if (hasSteps)
    return `two machines may hand out the same numbers; tandem then renumbers. To avoid it let each count in steps of ${MACHINES} from a place of its own (no two the same); ${uuid}`
  return source.adapter.engine === 'sqlite'
    ? `two machines may hand out the same numbers; tandem then renumbers. SQLite has no steps: ${uuid} (id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))))`
    : `two machines may hand out the same numbers; tandem then renumbers; ${uuid}`
}
