/**
 * Advice on how machines avoid handing out the same key numbers: each counts in steps from a start of its own, or keys are UUIDs. The SQL statements are only printed for a
 * person to review; nothing here runs them.
 */
import { createHash } from 'node:crypto'
import type { CollectionSchema } from '../model/collection.ts'
import type { Source } from '../source/source.ts'

/** What `init` and `doctor` offer for one source. */
export interface Prevention {
  /** Collections whose key numbers each machine's database hands out by itself. */
  readonly collections: readonly string[]
  /** SQL statements for this machine, one line each; empty when the engine has no steps. */
  readonly statements: readonly string[]
  readonly advice: string
}

/** The parts of a source on which the advice depends. */
type SourceKeys = Pick<Source, 'adapter' | 'selections'>

/** How many machines the offered steps leave room for. */
const MACHINES = 10

/** The advice for a source; undefined when the database hands out no exported collection's key. @param asset this machine's name */
export function preventionFor(source: SourceKeys, asset: string): Prevention | undefined {
  const serial = [...source.selections.values()].map(({ schema }) => schema).filter((schema) => serialField(schema))
  if (serial.length === 0) return undefined
  const collections = serial.map(({ name }) => name)
  const statements =
    source.adapter.engine === 'postgres' ? serial.flatMap((schema) => steps(schema, slotOf(asset))) : []
  return { collections, statements, advice: adviceFor(source, statements.length > 0) }
}

/** The key field whose numbers the database hands out; undefined when there is none or the key has several fields. */
function serialField({ fields, key }: CollectionSchema): string | undefined {
  const [only, ...more] = key
  return more.length === 0 ? fields.find(({ name, serial }) => name === only && serial === true)?.name : undefined
}

/** A number from 1 to 10 computed from the machine's name. Two machines may get the same one, so the advice says to check that no two are the same. */
function slotOf(asset: string): number {
  return ((createHash('sha256').update(asset).digest()[0] as number) % MACHINES) + 1
}

/** Statements that make the sequence count in steps of ten, from a start of this machine's own above all numbers in use. */
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

function adviceFor(source: SourceKeys, hasSteps: boolean): string {
  const uuid = 'new tables are better off with UUID keys'
  if (hasSteps)
    return `two machines may hand out the same numbers; tandem then renumbers. To avoid it let each count in steps of ${MACHINES} from a place of its own (no two the same); ${uuid}`
  return source.adapter.engine === 'sqlite'
    ? `two machines may hand out the same numbers; tandem then renumbers. SQLite has no steps: ${uuid} (id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))))`
    : `two machines may hand out the same numbers; tandem then renumbers; ${uuid}`
}
