/** PostgreSQL's scenes for the shared suite. */
import { createDatabase, execute } from '../../support/postgres.ts'
import { databaseAt } from '../database.ts'
import type { ContractDatabase, ContractEngine, EqualityFixture } from '../fixture.ts'
import { people, TABLES } from '../tables.ts'
import { VALUES_COLLECTION, VALUES_FILL, VALUES_RECORDS, VALUES_SETUP } from './values.ts'

/** A test's database and where it is. */
export type PostgresDatabase = ContractDatabase & { readonly uri: string }

/** A test's own database on a server; `prepare` is told its address as superuser and returns the one the adapter is to use. */
export async function openDatabaseOf(
  server: string,
  prepare: (uri: string) => Promise<string> = async (uri) => uri,
): Promise<PostgresDatabase> {
  const created = await createDatabase(server)
  const uri = await prepare(created.uri)
  const run: ContractDatabase['run'] = (statements) => execute(uri, statements.join(';\n'))
  return { uri, ...(await databaseAt({ url: uri, run, remove: () => created.drop() })) }
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

/** Types, collations, padding, generated columns, expressions, conditions and parts of partitioned tables. (citext needs an extension, which not every server has.) */
const EQUALITY: EqualityFixture = {
  setup: [
    `CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    'CREATE TABLE plain (id serial PRIMARY KEY, email varchar(20) UNIQUE, n int8, at timestamptz, UNIQUE (n, email, at))',
    `CREATE TABLE users (id text PRIMARY KEY, email text COLLATE nocase UNIQUE, price numeric UNIQUE, code char(5) UNIQUE, span interval, age int,
       name text, secret text NOT NULL, total numeric GENERATED ALWAYS AS (price * age) STORED UNIQUE)`,
    'CREATE UNIQUE INDEX lowered ON users (lower(name)) WHERE age > 1',
    'CREATE UNIQUE INDEX spans ON users (span)',
    `INSERT INTO users VALUES ('a', 'ANN@x', 1.50, 'ab', '1 day', 2, 'Ann', 's')`,
    'CREATE TABLE p (k text COLLATE nocase PRIMARY KEY, code char(5) UNIQUE, n numeric UNIQUE)',
    'CREATE TABLE c (id int PRIMARY KEY, k text COLLATE nocase REFERENCES p)',
    'CREATE TABLE d (id int PRIMARY KEY, code char(8) REFERENCES p (code))',
    'CREATE TABLE e (id int PRIMARY KEY, n int REFERENCES p (n))',
    `INSERT INTO p VALUES ('Ann', 'ab', 1.0), ('bob', 'cd', 2)`,
    `INSERT INTO c VALUES (1, 'ANN'), (2, 'BOB'), (3, NULL)`,
    `INSERT INTO d VALUES (1, 'cd')`,
    'INSERT INTO e VALUES (1, 2)',
  ],
  plain: ['plain', 'c', 'd', 'e'],
  uniques: [
    {
      collection: 'users',
      fields: ['email'],
      groups: [
        { records: ['{"email":"ann@x","id":"1"}', '{"email":"Ann@x","id":"2"}'], holder: '["a"]' },
        { records: ['{"email":"bob@x","id":"1"}'] },
      ],
      free: ['{"id":"1"}'],
    },
    {
      collection: 'users',
      fields: ['price'],
      groups: [
        { records: ['{"id":"1","price":"1.5"}', '{"id":"2","price":"1.500"}'], holder: '["a"]' },
        { records: ['{"id":"2","price":"1.51"}'] },
      ],
    },
    {
      collection: 'users',
      fields: ['code'],
      groups: [{ records: ['{"code":"ab","id":"1"}', '{"code":"ab   ","id":"1"}'], holder: '["a"]' }],
      free: ['{"code":"much too long","id":"1"}'],
    },
    {
      collection: 'users',
      fields: ['span'],
      groups: [{ records: ['{"id":"1","span":"24:00:00"}', '{"id":"1","span":"1 day"}'], holder: '["a"]' }],
    },
    {
      collection: 'users',
      fields: ['age', 'name'],
      groups: [{ records: ['{"age":2,"id":"1","name":"ANN"}', '{"age":3,"id":"1","name":"ann"}'], holder: '["a"]' }],
      free: ['{"age":1,"id":"1","name":"ann"}', '{"age":2,"id":"1"}'],
    },
    {
      collection: 'users',
      fields: ['age', 'price'],
      groups: [
        { records: ['{"age":3,"id":"1","price":"1"}', '{"age":2,"id":"1","price":"1.5"}'], holder: '["a"]' },
        { records: ['{"age":4,"id":"1","price":"1"}'] },
      ],
      free: ['{"age":4,"id":"1"}'],
    },
    { collection: 'p', fields: ['k'], groups: [{ records: ['{"k":"BOB"}'], holder: '["bob"]' }] },
    { collection: 'p', fields: ['code'], groups: [{ records: ['{"code":"cd","k":"x"}'], holder: '["bob"]' }] },
    { collection: 'p', fields: ['n'], groups: [{ records: ['{"k":"x","n":"2.00"}'], holder: '["bob"]' }] },
  ],
  references: [
    {
      child: 'c',
      parent: 'p',
      groups: [
        { children: ['["ann"]'], parents: ['["Ann"]', '["aNN"]'], liveChildren: ['["ANN"]'] },
        { children: ['["bob"]'], parents: [], liveParents: ['["bob"]'], liveChildren: ['["BOB"]'] },
      ],
    },
    {
      child: 'd',
      parent: 'p',
      groups: [
        { children: ['["ab      "]', '["ab"]'], parents: ['["ab   "]'] },
        { children: ['["cd"]'], parents: [], liveParents: ['["cd   "]'], liveChildren: ['["cd      "]'] },
      ],
    },
    {
      child: 'e',
      parent: 'p',
      groups: [
        { children: ['[1]'], parents: ['["1"]'], liveParents: ['["1.0"]'] },
        { children: [], parents: ['["2.00"]'], liveParents: ['["2"]'], liveChildren: ['[2]'] },
      ],
    },
  ],
}

/** The shared suite's fixture for one server, or for one role on it. */
export function postgres(name: string, open: () => Promise<ContractDatabase>): ContractEngine {
  return {
    name,
    ...TABLES,
    open,
    equality: EQUALITY,
    people: people('serial PRIMARY KEY'),
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
    cycle: {
      setup: [
        'CREATE TABLE "left" (id int PRIMARY KEY, right_id int NOT NULL)',
        'CREATE TABLE "right" (id int PRIMARY KEY, left_id int NOT NULL REFERENCES "left")',
        'ALTER TABLE "left" ADD FOREIGN KEY (right_id) REFERENCES "right"',
      ],
    },
    conversion: {
      collection: 'numbers',
      setup: ['CREATE TABLE numbers (id int PRIMARY KEY, n numeric(5,2))'],
      key: '[1]',
      record: '{"id":1,"n":"1.005"}',
      field: 'n',
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
