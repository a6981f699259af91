/** SQLite's scenes for the shared suite: WAL mode, so that others can write during a snapshot. */
import type { Adapter } from '../../../src/adapters/adapter.ts'
import { createSqlite } from '../../support/sqlite.ts'
import { databaseAt, openAsProgram } from '../database.ts'
import type { ContractDatabase, ContractEngine, EqualityFixture } from '../fixture.ts'
import { people, TABLES } from '../tables.ts'

/** Opens an adapter on a file as the program does. */
export async function openSqlite(path: string): Promise<Adapter> {
  return openAsProgram(`sqlite:${path}`)
}

async function open(): Promise<ContractDatabase> {
  const file = createSqlite()
  const run: ContractDatabase['run'] = async (statements) => file.run(statements)
  return databaseAt({ url: `sqlite:${file.path}`, run, remove: file.remove })
}

/** Every storage class under every affinity, as [value in SQL, value text in column `a` without affinity]. */
const LOOSE: readonly (readonly [sql: string, text: string])[] = [
  ['0', '0'],
  ['-1', '-1'],
  ['9007199254740991', '9007199254740991'],
  ['-9007199254740991', '-9007199254740991'],
  ['9007199254740992', '{"$int":"9007199254740992"}'],
  ['9007199254740993', '{"$int":"9007199254740993"}'],
  ['-9007199254740993', '{"$int":"-9007199254740993"}'],
  ['9223372036854775807', '{"$int":"9223372036854775807"}'],
  ['-9223372036854775807 - 1', '{"$int":"-9223372036854775808"}'],
  ['1.0', '{"$real":"1.0"}'],
  ['-0.0', '{"$real":"-0.0"}'],
  ['1.5', '{"$real":"1.5"}'],
  ['0.1 + 0.2', '{"$real":"0.30000000000000004"}'],
  ['1e300', '{"$real":"1e+300"}'],
  ['5e-324', '{"$real":"5e-324"}'],
  ['9007199254740993.0', '{"$real":"9007199254740992.0"}'],
  ['9e999', '{"$real":"Infinity"}'],
  ['-9e999', '{"$real":"-Infinity"}'],
  ["''", '""'],
  ["'null'", '"null"'],
  ["'5'", '"5"'],
  ["'5.0'", '"5.0"'],
  [`'{"$int":"5"}'`, `"{\\"$int\\":\\"5\\"}"`],
  ["'a' || char(0) || 'b'", '"a\\u0000b"'],
  ['char(10, 13, 9, 127, 8232)', '"\\n\\r\\t\u007f\u2028"'],
  ["'é€😀' || char(0xfeff)", '"é€😀\ufeff"'],
  ["char(0xfeff) || 'bom'", '"\ufeffbom"'],
  ["CAST(x'ff41' AS TEXT)", '{"$text":"/0E="}'],
  ["CAST(x'eda080' AS TEXT)", '{"$text":"7aCA"}'],
  ["CAST(x'c0af00' AS TEXT)", '{"$text":"wK8A"}'],
  ["x''", '{"$blob":""}'],
  ["x'00ff'", '{"$blob":"AP8="}'],
  ["x'616263'", '{"$blob":"YWJj"}'],
  ['zeroblob(5)', '{"$blob":"AAAAAAA="}'],
]

/** Collations, types, generated columns, expressions and conditions. */
const EQUALITY: EqualityFixture = {
  setup: [
    'CREATE TABLE plain (id INTEGER PRIMARY KEY, email TEXT UNIQUE, n INT, UNIQUE (n, email))',
    'CREATE TABLE "the users" (k TEXT COLLATE NOCASE PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE, "the name" TEXT, loose, secret TEXT NOT NULL, g TEXT AS (trim("the name")) STORED, h AS (lower(g)) UNIQUE, CHECK (k <> 7))',
    'CREATE UNIQUE INDEX loose ON "the users" (loose)',
    'CREATE UNIQUE INDEX "odd (name" ON "the users" ("email" COLLATE RTRIM, /* ) */ coalesce("the name", \',)\') DESC) WHERE loose IS NULL -- (',
    `INSERT INTO "the users" (k, email, "the name", loose, secret) VALUES ('Ann', 'ANN@x', 'Ann ', 1, 's')`,
    'CREATE TABLE p (k TEXT COLLATE NOCASE PRIMARY KEY, n REAL UNIQUE)',
    'CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT REFERENCES p)',
    'CREATE TABLE d (id INTEGER PRIMARY KEY, n REFERENCES p (n))',
    "INSERT INTO p VALUES ('Ann', 1), ('bob', 2)",
    "INSERT INTO c VALUES (1, 'ANN'), (2, 'BOB'), (3, NULL)",
    "INSERT INTO d VALUES (1, '1'), (2, 2.0), (3, 2)",
  ],
  plain: ['plain', 'c', 'd'],
  uniques: [
    {
      collection: 'the users',
      fields: ['k'],
      groups: [
        { records: ['{"k":"ann"}', '{"email":"x","k":"aNN"}'], holder: '["Ann"]' },
        { records: ['{"k":"ann "}'] },
      ],
    },
    {
      collection: 'the users',
      fields: ['email'],
      groups: [
        { records: ['{"email":"ann@x","k":"1"}', '{"email":"Ann@x","k":"2"}'], holder: '["Ann"]' },
        { records: ['{"email":"bob@x","k":"1"}'] },
      ],
      free: ['{"k":"1"}'],
    },
    {
      collection: 'the users',
      fields: ['loose'],
      groups: [
        { records: ['{"k":"1","loose":{"$real":"1.0"}}', '{"k":"2","loose":1}'], holder: '["Ann"]' },
        { records: ['{"k":"1","loose":"1"}'] },
        { records: ['{"k":"1","loose":{"$real":"-0.0"}}', '{"k":"1","loose":0}'] },
      ],
    },
    {
      collection: 'the users',
      fields: ['the name'],
      groups: [
        { records: ['{"k":"1","the name":" aNN"}', '{"k":"2","the name":"ann  "}'], holder: '["Ann"]' },
        { records: ['{"k":"1","the name":"bob"}'] },
      ],
      free: ['{"k":"1"}'],
    },
    {
      collection: 'the users',
      fields: ['email', 'loose', 'the name'],
      groups: [
        { records: ['{"email":"a ","k":"1"}', '{"email":"a","k":"2","the name":",)"}'] },
        { records: ['{"email":"A","k":"2"}'] },
      ],
      free: ['{"email":"a","k":"3","loose":1}'],
    },
    {
      collection: 'p',
      fields: ['k'],
      groups: [{ records: ['{"k":"BOB"}'], holder: '["bob"]' }],
    },
    {
      collection: 'p',
      fields: ['n'],
      groups: [{ records: ['{"k":"x","n":{"$real":"1.0"}}', '{"k":"x","n":1}'], holder: '["Ann"]' }],
    },
  ],
  references: [
    {
      child: 'c',
      parent: 'p',
      groups: [
        { children: ['["ann"]'], parents: ['["Ann"]', '["aNN"]'], liveChildren: ['["ANN"]'] },
        { children: ['["bob"]'], parents: [], liveParents: ['["bob"]'], liveChildren: ['["BOB"]'] },
        { children: ['["bob "]'], parents: [] },
      ],
    },
    {
      child: 'd',
      parent: 'p',
      groups: [
        { children: ['["1"]', '[1]'], parents: ['[{"$real":"1.0"}]'] },
        {
          children: [],
          parents: ['[2]'],
          liveParents: ['[{"$real":"2.0"}]'],
          liveChildren: ['[{"$real":"2.0"}]', '[2]'],
        },
      ],
    },
  ],
}

export const sqlite: ContractEngine = {
  name: 'SQLite',
  ...TABLES,
  open,
  equality: EQUALITY,
  people: people('INTEGER PRIMARY KEY AUTOINCREMENT'),
  values: {
    collection: 'odd "names"',
    setup: [
      `CREATE TABLE "odd ""names""" (id INTEGER PRIMARY KEY, a, "b ""quoted""" BLOB, "select" REAL, z NUMERIC, "ü" TEXT, g AS (id + 1))`,
    ],
    fill: [
      ...LOOSE.map(([sql], i) => `INSERT INTO "odd ""names""" (id, a, "b ""quoted""") VALUES (${i}, ${sql}, ${sql})`),
      `INSERT INTO "odd ""names""" (id, "select", z, "ü") VALUES (1000, 1, '5', 5), (1001, 'x', 'x', x'00'), (-5, 9007199254740993, 1.0, 1.5)`,
    ],
    records: [
      ...LOOSE.map(([, value], i) => `{"a":${value},"b \\"quoted\\"":${value},"id":${i}}`),
      '{"id":1000,"select":{"$real":"1.0"},"z":5,"ü":"5"}',
      '{"id":1001,"select":"x","z":"x","ü":{"$blob":"AA=="}}',
      '{"id":-5,"select":{"$real":"9007199254740992.0"},"z":1,"ü":"1.5"}',
    ],
    mayBeMissing: true,
  },
  description: {
    setup: [
      'CREATE TABLE parents (a TEXT, b INT NOT NULL, PRIMARY KEY (b, a)) WITHOUT ROWID',
      `CREATE TABLE kids (id INTEGER PRIMARY KEY, pa VARCHAR(20), pb BIGINT, price DECIMAL(10, 2) NOT NULL, d DOUBLE PRECISION, raw BLOB, x,
        self REFERENCES Kids, total AS (price * 2) STORED, UNIQUE (price, d), FOREIGN KEY (pb, pa) REFERENCES PARENTS (B, A), FOREIGN KEY (x) REFERENCES nowhere)`,
      'CREATE UNIQUE INDEX kids_d ON kids (d)',
      'CREATE UNIQUE INDEX kids_d_again ON kids (d)',
      'CREATE UNIQUE INDEX kids_partial ON kids (pa) WHERE pa IS NOT NULL',
      'CREATE UNIQUE INDEX kids_expression ON kids (lower(pa))',
      'CREATE UNIQUE INDEX kids_generated ON kids (total)',
      'CREATE TABLE strict_one (k TEXT PRIMARY KEY, any_one ANY, n INTEGER) STRICT',
      'CREATE TABLE keyless (a, b)',
      'CREATE TABLE not_a_rowid (id INTEGER PRIMARY KEY DESC, v)',
      'CREATE VIEW seen AS SELECT 1',
      'CREATE VIRTUAL TABLE words USING fts5 (word)',
      'CREATE TRIGGER t AFTER INSERT ON keyless BEGIN SELECT 1; END',
    ],
    collections: [
      {
        name: 'keyless',
        fields: [
          { name: 'a', type: 'any' },
          { name: 'b', type: 'any' },
        ],
        key: [],
        uniques: [],
        references: [],
        order: 'sorted',
      },
      {
        name: 'kids',
        fields: [
          { name: 'd', type: 'real' },
          { name: 'id', type: 'integer', required: true, serial: true },
          { name: 'pa', type: 'text' },
          { name: 'pb', type: 'integer' },
          { name: 'price', type: 'numeric', required: true },
          { name: 'raw', type: 'blob' },
          { name: 'self', type: 'any' },
          { name: 'x', type: 'any' },
        ],
        key: ['id'],
        uniques: [['d'], ['price', 'd']],
        references: [
          { fields: ['pb', 'pa'], to: 'parents', toFields: ['b', 'a'] },
          { fields: ['self'], to: 'kids', toFields: ['id'] },
        ],
        order: 'sorted',
      },
      {
        name: 'not_a_rowid',
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'v', type: 'any' },
        ],
        key: ['id'],
        uniques: [],
        references: [],
        order: 'sorted',
      },
      {
        name: 'parents',
        fields: [
          { name: 'a', type: 'text', required: true },
          { name: 'b', type: 'integer', required: true },
        ],
        key: ['b', 'a'],
        uniques: [],
        references: [],
        order: 'sorted',
      },
      {
        name: 'strict_one',
        fields: [
          { name: 'any_one', type: 'any' },
          { name: 'k', type: 'text', required: true },
          { name: 'n', type: 'integer' },
        ],
        key: ['k'],
        uniques: [],
        references: [],
        order: 'sorted',
      },
    ],
    leftOut: ['seen', 'words', 'words_data'],
  },
  triggers: {
    setup: [
      `CREATE TRIGGER inserted AFTER INSERT ON people BEGIN UPDATE people SET note = 'fired' WHERE id = new.id; END`,
      `CREATE TRIGGER updated AFTER UPDATE OF name ON people BEGIN UPDATE people SET note = 'fired' WHERE id = new.id; END`,
      `CREATE TRIGGER deleted BEFORE DELETE ON people BEGIN SELECT raise(ABORT, 'not allowed'); END`,
    ],
  },
  cycle: {
    setup: [
      'CREATE TABLE "left" (id INTEGER PRIMARY KEY, right_id INTEGER NOT NULL REFERENCES "right")',
      'CREATE TABLE "right" (id INTEGER PRIMARY KEY, left_id INTEGER NOT NULL REFERENCES "left")',
    ],
  },
  conversion: {
    collection: 'numbers',
    setup: ['CREATE TABLE numbers (id INTEGER PRIMARY KEY, n INTEGER)'],
    key: '[1]',
    record: '{"id":1,"n":"5"}',
    field: 'n',
  },
}
