/** MongoDB's scenes for the shared suite, for each of the servers a run may have; what a server cannot store is left out here, the codec's unit tests have it. */
import * as mongodb from 'mongodb'
import type { CollectionSchema } from '../../../src/model/collection.ts'
import { createMongoDatabase, type MongodbServer } from '../../support/mongodb.ts'
import { databaseAt } from '../database.ts'
import type {
  CheckFixture,
  ContractDatabase,
  ContractEngine,
  EqualityFixture,
  ConversionFixture,
  Person,
} from '../fixture.ts'

const { EJSON, Binary, BSONRegExp, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } =
  mongodb.BSON

/** Stands for the statements that no text can express: inserting VALUES with the driver's own types. */
const FILL = 'FILL'

async function open(server: MongodbServer): Promise<ContractDatabase> {
  const database = await createMongoDatabase(server.uri)
  const client = new mongodb.MongoClient(database.uri)
  return databaseAt({
    url: database.uri,
    run: async (statements) => {
      for (const command of merged(statements)) {
        if (command !== FILL) await runCommand(client.db(), command)
        else
          await client
            .db()
            .collection('values')
            .insertMany(VALUES.filter(storable(server)).map(documentOf))
      }
    },
    remove: async () => {
      await client.close()
      await database.drop()
    },
  })
}

/** A refused write stands in the reply. */
async function runCommand(db: mongodb.Db, command: string): Promise<void> {
  const reply = await db.command(EJSON.parse(command, { relaxed: false }) as mongodb.Document)
  if (reply['writeErrors'] !== undefined) throw new Error(JSON.stringify(reply['writeErrors']))
}

/** Thousands of single inserts into `people` as few commands. */
function merged(statements: readonly string[]): string[] {
  const result: string[] = []
  const start = '{"insert":"people","documents":['
  let documents: string[] = []
  const finish = (): void => {
    if (documents.length > 0) result.push(`${start}${documents.join(',')}]}`)
    documents = []
  }
  for (const statement of statements) {
    if (statement.startsWith(start)) documents.push(statement.slice(start.length, -2))
    if (!statement.startsWith(start) || documents.length === 500) finish()
    if (!statement.startsWith(start)) result.push(statement)
  }
  finish()
  return result
}

interface Value {
  readonly value: unknown
  readonly text: string
  /** Servers that cannot store it. */
  readonly not?: readonly MongodbServer['name'][]
}

const NOT_FERRETDB = ['ferretdb'] as const
const NOT_EITHER = ['ferretdb', 'mongo-java-server'] as const

/** Values as the driver makes them, and the text that must come out. */
const SCALARS: readonly Value[] = [
  { value: 'é€😀\u0000\u2028\ufeff', text: '"é€😀\\u0000\u2028\ufeff"' },
  { value: '', text: '""' },
  { value: true, text: 'true' },
  { value: false, text: 'false' },
  { value: null, text: 'null' },
  { value: new Int32(-2_147_483_648), text: '-2147483648' },
  { value: Long.fromNumber(5), text: '{"$numberLong":"5"}' },
  { value: Long.MAX_VALUE, text: '{"$numberLong":"9223372036854775807"}' },
  { value: Long.MIN_VALUE, text: '{"$numberLong":"-9223372036854775808"}' },
  { value: new Double(1), text: '{"$numberDouble":"1.0"}' },
  { value: new Double(0.1), text: '0.1' },
  { value: new Double(5e-324), text: '5e-324' },
  { value: new Double(1e300), text: '{"$numberDouble":"1e+300"}' },
  { value: new Double(-0), text: '{"$numberDouble":"-0.0"}', not: NOT_FERRETDB },
  { value: new Double(Number.NaN), text: '{"$numberDouble":"NaN"}', not: NOT_FERRETDB },
  { value: new Double(-Infinity), text: '{"$numberDouble":"-Infinity"}', not: NOT_FERRETDB },
  { value: new Decimal128('26.940'), text: '{"$numberDecimal":"26.940"}', not: NOT_FERRETDB },
  { value: new Decimal128('-0E+3'), text: '{"$numberDecimal":"-0E+3"}', not: NOT_FERRETDB },
  { value: new ObjectId('0123456789abcdef01234567'), text: '{"$oid":"0123456789abcdef01234567"}' },
  { value: new Date(-1), text: '{"$date":{"$numberLong":"-1"}}' },
  { value: new Date(253_402_300_800_000), text: '{"$date":{"$numberLong":"253402300800000"}}' },
  { value: new Binary(Buffer.from([0, 255])), text: '{"$binary":{"base64":"AP8=","subType":"00"}}' },
  { value: new Binary(Buffer.alloc(16), 4), text: `{"$binary":{"base64":"${'A'.repeat(22)}==","subType":"04"}}` },
  { value: new Binary(Buffer.from('x'), 128), text: '{"$binary":{"base64":"eA==","subType":"80"}}', not: NOT_EITHER },
  { value: new BSONRegExp('^a"', 'im'), text: '{"$regularExpression":{"pattern":"^a\\"","options":"im"}}' },
  { value: new Timestamp({ t: 4_000_000_000, i: 7 }), text: '{"$timestamp":{"t":4000000000,"i":7}}' },
  { value: new MinKey(), text: '{"$minKey":1}', not: NOT_FERRETDB },
  { value: new MaxKey(), text: '{"$maxKey":1}', not: NOT_FERRETDB },
  { value: new Code('f()'), text: '{"$code":"f()"}', not: NOT_FERRETDB },
  { value: [1, 'x', [], [[2]]], text: '[1,"x",[],[[2]]]', not: NOT_FERRETDB },
  { value: [1, 'x', {}, null], text: '[1,"x",{},null]' },
]

/** Names that JSON readers reorder, refuse or misread. */
const DOCUMENTS: readonly Value[] = [
  { value: new Map(Object.entries({ z: 1, a: { y: 1, b: 2 } })), text: '{"z":1,"a":{"y":1,"b":2}}' },
  {
    value: new Map([
      ['10', 1],
      ['9', 2],
    ]),
    text: '{"$doc":[["10",1],["9",2]]}',
  },
  { value: new Map([['__proto__', 1]]), text: '{"$doc":[["__proto__",1]]}' },
  { value: new Map([['a.b', 1]]), text: '{"a.b":1}', not: NOT_FERRETDB },
  { value: new Map([['$oid', 'x']]), text: '{"$doc":[["$oid","x"]]}', not: NOT_FERRETDB },
  { value: new Map([['é "', 1]]), text: '{"é \\"":1}' },
]

interface Example {
  readonly id: unknown
  readonly idText: string
  readonly value: Value
}

/** Every value alone, in a document and in an array; and every kind of key. */
const VALUES: readonly Example[] = [
  ...[...SCALARS, ...DOCUMENTS].map((value, id) => ({ id, idText: String(id), value })),
  ...[
    { id: 'text', idText: '"text"' },
    { id: '', idText: '""' },
    { id: Long.fromNumber(2 ** 40), idText: '{"$numberLong":"1099511627776"}' },
    { id: new Double(0.5), idText: '0.5' },
    { id: new ObjectId('0123456789abcdef01234567'), idText: '{"$oid":"0123456789abcdef01234567"}' },
    { id: new Date(5_000_000), idText: '{"$date":{"$numberLong":"5000000"}}' },
    { id: new Binary(Buffer.from('k')), idText: '{"$binary":{"base64":"aw==","subType":"00"}}' },
    { id: true, idText: 'true' },
    { id: new Map(Object.entries({ b: 1, a: 'x' })), idText: '{"b":1,"a":"x"}' },
    {
      id: new Map([
        ['2', 1],
        ['1', 2],
      ]),
      idText: '{"$doc":[["2",1],["1",2]]}',
    },
  ].map((key) => ({ ...key, value: { value: 1, text: '1' } })),
]

function storable({ name }: MongodbServer): (example: Example) => boolean {
  return ({ value }) => value.not?.includes(name) !== true
}

function documentOf({ id, value: { value } }: Example): mongodb.Document {
  const inside = Array.isArray(value) ? [] : [['list', [value]] as const]
  return new Map([['_id', id], ['v', value], ['in', new Map([['a', value]])], ...inside] as [string, unknown][])
}

function textOf({ idText, value: { value, text } }: Example): string {
  const inside = Array.isArray(value) ? '' : `,"list":[${text}]`
  return `{"_id":${idText},"v":${text},"in":{"a":${text}}${inside}}`
}

/** MongoDB on one of the servers of the run. */
export function mongodbEngine(server: MongodbServer): ContractEngine {
  return {
    name: `MongoDB (${server.name})`,
    fields: 'free',
    open: async () => open(server),
    people: {
      keyField: '_id',
      setup: ['{"create":"people"}', uniqueIndex('people', 'email')],
      insert: (person) => [`{"insert":"people","documents":[${personText(person)}]}`],
      set: (id, field, value) => [
        `{"update":"people","updates":[{"q":{"_id":${id}},"u":{"$set":{"${field}":${JSON.stringify(value)}}}}]}`,
      ],
      remove: (id) => [`{"delete":"people","deletes":[{"q":{"_id":${id}},"limit":1}]}`],
    },
    values: {
      collection: 'values',
      setup: ['{"create":"values"}'],
      fill: [FILL],
      records: VALUES.filter(storable(server)).map(textOf),
      mayBeMissing: true,
    },
    description: describing(server),
    equality: EQUALITY,
    ...(isReal(server) && { check: CHECK }),
    conversion: CONVERSIONS[server.name],
  }
}

/** Numbers of all types. Every key is asked about, as documents declare no types. */
const EQUALITY: EqualityFixture = {
  setup: [
    '{"create":"users"}',
    uniqueIndex('users', 'n'),
    uniqueIndex('users', 'email', 'team'),
    '{"insert":"users","documents":[{"_id":1,"n":{"$numberLong":"5"},"email":"a","team":"x"},{"_id":{"$numberLong":"2"},"n":7}]}',
  ],
  plain: [],
  uniques: [
    {
      collection: 'users',
      fields: ['_id'],
      groups: [
        { records: ['{"_id":{"$numberLong":"1"}}', '{"_id":{"$numberDouble":"1.0"}}'], holder: '[1]' },
        { records: ['{"_id":2}'], holder: '[{"$numberLong":"2"}]' },
        { records: ['{"_id":"2"}'] },
      ],
    },
    {
      collection: 'users',
      fields: ['n'],
      groups: [
        { records: ['{"_id":8,"n":5}', '{"_id":9,"n":{"$numberDouble":"5.0"}}'], holder: '[1]' },
        { records: ['{"_id":8,"n":"5"}'] },
        { records: ['{"_id":8}', '{"_id":9,"n":null}'] },
      ],
      free: ['{"_id":8,"n":[5]}'],
    },
    {
      collection: 'users',
      fields: ['email', 'team'],
      groups: [
        { records: ['{"_id":8,"email":"a","team":"x"}'], holder: '[1]' },
        { records: ['{"_id":8,"email":"a","team":"y"}'] },
      ],
    },
  ],
  references: [],
}

function isReal({ name }: MongodbServer): boolean {
  return name === 'mongod' || name === 'given'
}

function personText({ id, name, email, note }: Person): string {
  return JSON.stringify({ _id: id, name, email, note })
}

function uniqueIndex(collection: string, ...fields: readonly string[]): string {
  const key = fields.map((field) => `"${field}":1`).join(',')
  return `{"createIndexes":"${collection}","indexes":[{"key":{${key}},"name":"${fields.join('_')}","unique":true}]}`
}

function describing(server: MongodbServer): ContractEngine['description'] {
  const real = [
    '{"create":"seen","viewOn":"plain","pipeline":[]}',
    '{"create":"times","timeseries":{"timeField":"t"}}',
    '{"createIndexes":"plain","indexes":[{"key":{"s":1},"name":"s","unique":true,"sparse":true},{"key":{"p":1},"name":"p","unique":true,"partialFilterExpression":{"p":{"$gt":0}}}]}',
  ]
  const capped = '{"create":"ring","capped":true,"size":4096}'
  const setup = [
    '{"create":"plain"}',
    '{"create":"Über x"}',
    uniqueIndex('plain', 'b', 'a'),
    uniqueIndex('plain', 'a'),
    '{"createIndexes":"plain","indexes":[{"key":{"n":1},"name":"n"}]}',
  ]
  const schema = (name: string, uniques: CollectionSchema['uniques']): CollectionSchema => {
    return { name, fields: [], key: ['_id'], uniques, references: [], order: 'kept' }
  }
  return {
    setup: [...setup, ...(server.name === 'mongo-java-server' ? [] : [capped]), ...(isReal(server) ? real : [])],
    collections: [schema('plain', [['a'], ['b', 'a']]), schema('Über x', [])],
    leftOut: [...(server.name === 'mongo-java-server' ? [] : ['ring']), ...(isReal(server) ? ['seen', 'times'] : [])],
  }
}

/** Only MongoDB itself has validators. */
const CHECK: CheckFixture = {
  collection: 'prices',
  setup: ['{"create":"prices","validator":{"price":{"$gt":0}}}'],
  key: '[1]',
  record: '{"_id":1,"price":-1}',
  constraint: /validator/,
}

const EMPTY_TIMESTAMP = '{"_id":1,"f":{"$timestamp":{"t":0,"i":0}}}'

/** What a server stores as something else: MongoDB itself only empty timestamps (refused before writing); the others what they lack, noticed by reading back. */
const CONVERSIONS: Readonly<Record<MongodbServer['name'], ConversionFixture>> = {
  given: conversion(EMPTY_TIMESTAMP),
  mongod: conversion(EMPTY_TIMESTAMP),
  'mongo-java-server': conversion('{"_id":1,"f":{"$binary":{"base64":"eA==","subType":"80"}}}'),
  ferretdb: conversion('{"_id":1,"f":{"$numberDouble":"-0.0"}}'),
}

function conversion(record: string): ConversionFixture {
  return { collection: 'converted', setup: ['{"create":"converted"}'], key: '[1]', record, field: 'f' }
}
