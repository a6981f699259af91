/** PostgreSQL's scenes for the shared suite. */
import type { Adapter } from '../../src/adapters/adapter.ts'
import { openAdapter } from '../../src/adapters/open.ts'
import { createDatabase, execute } from '../support/postgres.ts'
import type { ContractDatabase, ContractEngine, Person } from './fixture.ts'
import { VALUES_COLLECTION, VALUES_FILL, VALUES_RECORDS, VALUES_SETUP } from './postgres-values.ts'

/** Opens an adapter as the program does. */
export async function openPostgres(uri: string): Promise<Adapter> {
  return openAdapter(uri, { connectTimeoutMs: 5000, source: 'app', root: '/' })
}

/** A test's own database on a server; `prepare` is told its address as superuser and returns the one the adapter is to use. */
export async function openDatabaseOf(
  server: string,
  prepare: (uri: string) => Promise<string> = async (uri) => uri,
): Promise<ContractDatabase & { readonly uri: string }> {
  const database = await createDatabase(server)
  const uri = await prepare(database.uri)
  const adapters = [await openPostgres(uri)]
  return {
    uri,
    adapter: adapters[0] as Adapter,
    run: async (statements) => {
      await execute(uri, statements.join(';\n'))
    },
    another: async () => {
      const other = await openPostgres(uri)
      adapters.push(other)
      return other
    },
    close: async () => {
      await Promise.all(adapters.map(async (each) => each.close()))
      await database.drop()
    },
  }
}

/** A role that may log in and nothing else, unless it is there already; roles are shared by all databases of a server. */
export async function createRole(uri: string, name: string): Promise<void> {
  await execute(
    uri,
    `DO $$ BEGIN CREATE ROLE ${name} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
  )
}

/** A role without special rights that owns the database: it may not enter replica mode, so triggers are disabled instead, the server checks foreign keys. */
export async function asOwner(uri: string): Promise<string> {
  const url = new URL(uri)
  const database = url.pathname.slice(1)
  await createRole(uri, 'ordinary')
  await execute(uri, `ALTER DATABASE ${database} OWNER TO ordinary; ALTER SCHEMA public OWNER TO ordinary`)
  url.username = 'ordinary'
  return url.href
}

function text(value: string | undefined): string {
  return value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

function insertPerson({ id, name, email, note }: Person): string {
  return `INSERT INTO people (id, name, email, note) VALUES (${id}, ${text(name)}, ${text(email)}, ${text(note)})`
}

/** The shared suite's fixture for one server, or for one role on it. */
export function postgres(name: string, open: () => Promise<ContractDatabase>): ContractEngine {
  return {
    name,
    fields: 'declared',
    open,
    people: {
      keyField: 'id',
      setup: ['CREATE TABLE people (id serial PRIMARY KEY, name text, email text UNIQUE, note text)'],
      insert: (person) => [insertPerson(person)],
      set: (id, field, value) => [`UPDATE people SET ${field} = ${text(value)} WHERE id = ${id}`],
      remove: (id) => [`DELETE FROM people WHERE id = ${id}`],
    },
    values: {
      collection: VALUES_COLLECTION,
      setup: VALUES_SETUP,
      fill: VALUES_FILL,
      records: VALUES_RECORDS,
      mayBeMissing: true,
    },
    description: DESCRIPTION,
    triggers: {
      setup: [
        `CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'fired'; RETURN NEW; END $$`,
        `CREATE FUNCTION forbidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not allowed'; END $$`,
        'CREATE TRIGGER inserted BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION fired()',
        'CREATE TRIGGER updated BEFORE UPDATE OF name ON people FOR EACH ROW EXECUTE FUNCTION fired()',
        'CREATE TRIGGER deleted BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION forbidden()',
        'CREATE TRIGGER always BEFORE INSERT OR UPDATE OF name ON people FOR EACH ROW EXECUTE FUNCTION fired()',
        'ALTER TABLE people ENABLE ALWAYS TRIGGER always',
      ],
    },
    family: {
      setup: [
        'CREATE TABLE parents (id int PRIMARY KEY, name text)',
        'CREATE TABLE children (id int PRIMARY KEY, name text, parent_id int REFERENCES parents ON DELETE CASCADE)',
      ],
      fill: [`INSERT INTO parents VALUES (1, 'P')`, `INSERT INTO children VALUES (10, 'C', 1)`],
    },
    cycle: {
      setup: [
        'CREATE TABLE "left" (id int PRIMARY KEY, right_id int NOT NULL)',
        'CREATE TABLE "right" (id int PRIMARY KEY, left_id int NOT NULL REFERENCES "left")',
        'ALTER TABLE "left" ADD FOREIGN KEY (right_id) REFERENCES "right"',
      ],
    },
    check: {
      collection: 'prices',
      setup: ['CREATE TABLE prices (id int PRIMARY KEY, price int CONSTRAINT positive CHECK (price > 0))'],
      key: '[1]',
      record: '{"id":1,"price":-1}',
      constraint: /positive/,
    },
    conversion: {
      collection: 'numbers',
      setup: ['CREATE TABLE numbers (id int PRIMARY KEY, n numeric(5,2))'],
      key: '[1]',
      record: '{"id":1,"n":"1.005"}',
      field: 'n',
    },
    serial: {
      insertWithoutKey: (n) => [`INSERT INTO people (name, email) VALUES ('Own', 'own${n}@example.org')`],
    },
  }
}

const DESCRIPTION: ContractEngine['description'] = {
  setup: [
    'CREATE SCHEMA sales',
    `CREATE TYPE mood AS ENUM ('sad', 'so "so"')`,
    'CREATE DOMAIN amount AS numeric(18,2) NOT NULL',
    'CREATE TYPE pair AS (a int, b varchar(3)[])',
    'CREATE TABLE parents (a text, b bigint, PRIMARY KEY (b, a))',
    `CREATE TABLE sales.orders (id bigserial PRIMARY KEY, pa text, pb bigint, price amount, d float8 NOT NULL, m mood, ms mood[], p pair,
      t timestamptz(3), t0 timestamp, v varchar(20), c char(2), bits bit varying(4), i interval day to second(2), flag bool, j jsonb, ns numeric(4,1)[],
      r tstzrange, self bigint REFERENCES sales.orders, total numeric GENERATED ALWAYS AS (d * 2) STORED,
      UNIQUE (price, d), FOREIGN KEY (pb, pa) REFERENCES parents)`,
    'CREATE UNIQUE INDEX ON sales.orders (d)',
    'CREATE UNIQUE INDEX ON sales.orders (d)',
    'CREATE UNIQUE INDEX ON sales.orders (v) INCLUDE (c)',
    'CREATE UNIQUE INDEX ON sales.orders (m) WHERE m IS NOT NULL',
    'CREATE UNIQUE INDEX ON sales.orders (lower(v))',
    'CREATE UNIQUE INDEX ON sales.orders (total)',
    'CREATE INDEX ON sales.orders (pa)',
    'CREATE TABLE keyless (a int, "b.c" text)',
    'CREATE TABLE "a.b" (k uuid PRIMARY KEY)',
    'CREATE UNLOGGED TABLE unlogged (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)',
    'CREATE TABLE measured (at date, n int, PRIMARY KEY (at, n)) PARTITION BY RANGE (at)',
    `CREATE TABLE measured_2024 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
    'CREATE VIEW seen AS SELECT 1 AS one',
    'CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one',
    'CREATE SCHEMA tandem',
    'CREATE TABLE tandem.sync_point (name text PRIMARY KEY, value text NOT NULL)',
  ],
  collections: [
    {
      name: '"a.b"',
      fields: [{ name: 'k', type: 'uuid', required: true }],
      key: ['k'],
      uniques: [],
      references: [],
      order: 'sorted',
    },
    {
      name: 'keyless',
      fields: [
        { name: 'a', type: 'int4' },
        { name: 'b.c', type: 'text' },
      ],
      key: [],
      uniques: [],
      references: [],
      order: 'sorted',
    },
    {
      name: 'measured',
      fields: [
        { name: 'at', type: 'date', required: true },
        { name: 'n', type: 'int4', required: true },
      ],
      key: ['at', 'n'],
      uniques: [],
      references: [],
      order: 'sorted',
    },
    {
      name: 'parents',
      fields: [
        { name: 'a', type: 'text', required: true },
        { name: 'b', type: 'int8', required: true },
      ],
      key: ['b', 'a'],
      uniques: [],
      references: [],
      order: 'sorted',
    },
    {
      name: 'sales.orders',
      fields: [
        { name: 'bits', type: 'varbit(4)' },
        { name: 'c', type: 'char(2)' },
        { name: 'd', type: 'float8', required: true },
        { name: 'flag', type: 'boolean' },
        { name: 'i', type: 'interval day to second(2)' },
        { name: 'id', type: 'int8', required: true, serial: true },
        { name: 'j', type: 'jsonb' },
        { name: 'm', type: 'enum("sad","so \\"so\\"")' },
        { name: 'ms', type: 'enum("sad","so \\"so\\"")[]' },
        { name: 'ns', type: 'numeric(4,1)[]' },
        { name: 'p', type: 'composite("a" int4,"b" varchar(3)[])' },
        { name: 'pa', type: 'text' },
        { name: 'pb', type: 'int8' },
        { name: 'price', type: 'numeric(18,2)', required: true },
        { name: 'r', type: 'tstzrange' },
        { name: 'self', type: 'int8' },
        { name: 't', type: 'timestamptz(3)' },
        { name: 't0', type: 'timestamp' },
        { name: 'v', type: 'varchar(20)' },
      ],
      key: ['id'],
      uniques: [['d'], ['price', 'd'], ['v']],
      references: [
        { fields: ['pb', 'pa'], to: 'parents', toFields: ['b', 'a'] },
        { fields: ['self'], to: 'sales.orders', toFields: ['id'] },
      ],
      order: 'sorted',
    },
    {
      name: 'unlogged',
      fields: [{ name: 'id', type: 'int4', required: true, serial: true }],
      key: ['id'],
      uniques: [],
      references: [],
      order: 'sorted',
    },
  ],
  leftOut: ['kept', 'measured_2024', 'seen'],
}
