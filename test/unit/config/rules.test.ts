import { describe, expect, it } from 'vitest'
import { guardFor, rulesFor, selectionFor, unknownFields } from '../../../src/config/rules.ts'
import type { CollectionSchema, FieldSchema } from '../../../src/model/collection.ts'
import { source, usageError } from './support.ts'

const field = (name: string, type = 'text'): FieldSchema => ({ name, type })
function table(options: Partial<CollectionSchema> = {}): CollectionSchema {
  const fields = [
    { ...field('id', 'int4'), serial: true as const },
    field('doc', 'jsonb'),
    field('name'),
    field('password'),
  ]
  return { name: 'traders', fields, key: ['id'], uniques: [], references: [], order: 'sorted', ...options }
}
const documents = table({ name: 'logs', fields: [], key: ['_id'], order: 'kept' })

describe('rulesFor', () => {
  it('has a default for everything', () => {
    expect(rulesFor(source(), table())).toEqual({
      collection: 'traders',
      key: ['id'],
      identity: undefined,
      newest: undefined,
      critical: [],
      arrays: {},
      counters: [],
      derived: [],
      zone: 'UTC',
      serialKey: true,
      order: 'sorted',
      jsonbFields: ['doc'],
    })
  })

  it('takes every option over', () => {
    const options = {
      identity: ['name'],
      newest: 'name',
      critical: ['name'],
      arrays: { tags: 'set' as const },
      counters: ['wins'],
      derived: ['doc'],
      zone: 'Asia/Tokyo',
    }
    const collections = { traders: { ...options, onDeleteModify: 'keep' as const } }
    expect(rulesFor(source({ collections }), table())).toMatchObject(options)
  })

  it('knows a table without the time field of * as one without time, and trusts it for documents', () => {
    const app = source({ collections: { '*': { newest: 'updated_at' } } })
    expect(rulesFor(app, table()).newest).toBeUndefined()
    expect(rulesFor(app, documents).newest).toBe('updated_at')
    expect(rulesFor(app, documents)).toMatchObject({ key: ['_id'], serialKey: false, order: 'kept' })
  })

  it('counts a key as serial only if it is that single field', () => {
    expect(rulesFor(source(), table({ key: ['id', 'name'] })).serialKey).toBe(false)
    expect(rulesFor(source(), table({ key: ['name'] })).serialKey).toBe(false)
  })

  it('uses a configured key only where the table has none', () => {
    const app = source({ collections: { traders: { key: ['name'] } } })
    expect(rulesFor(app, table({ key: [] })).key).toEqual(['name'])
    expect(rulesFor(app, table({ key: ['name'] })).key).toEqual(['name'])
    expect(usageError(() => rulesFor(app, table())).message).toBe(
      'source app: the key of traders is id in the database and name in the configuration',
    )
    expect(rulesFor(source({ collections: { traders: { key: ['a', 'b'] } } }), table({ key: ['b', 'a'] })).key).toEqual(
      ['b', 'a'],
    )
  })
})

describe('selectionFor', () => {
  it('leaves credentials out of the schema, with the keys and references they are part of', () => {
    const schema = table({
      uniques: [['name'], ['name', 'password']],
      references: [{ fields: ['password'], to: 'x', toFields: ['id'] }],
    })
    const selection = selectionFor(source(), schema)
    expect(selection.omit).toEqual(['password'])
    expect(selection.schema.fields.map((kept) => kept.name)).toEqual(['id', 'doc', 'name'])
    expect(selection.schema.uniques).toEqual([['name']])
    expect(selection.schema.references).toEqual([])
  })

  it('exports everything when omit is an empty list', () => {
    const selection = selectionFor(source({ collections: { '*': { omit: [] } } }), table())
    expect(selection.omit).toEqual([])
    expect(selection.schema).toEqual(table())
  })

  it('omits from documents a closed list of credentials and what is configured', () => {
    const omit = (names?: string[]) =>
      selectionFor(source({ collections: { logs: names === undefined ? {} : { omit: names } } }), documents).omit
    expect(omit()).toEqual(expect.arrayContaining(['apiKey', 'api_key', 'apikey', 'password', 'passwordHash']))
    expect(omit()).not.toContain('token')
    expect(omit(['notes', '!password'])).toEqual([...omit().filter((name) => name !== 'password'), 'notes'].sort())
    expect(omit([])).toEqual([])
  })

  it('never omits a key field by itself, and refuses to be told so', () => {
    const tokens = table({ fields: [field('token'), field('name')], key: ['token'] })
    expect(selectionFor(source(), tokens).omit).toEqual([])
    const error = usageError(() => selectionFor(source({ collections: { traders: { omit: ['token'] } } }), tokens))
    expect(error.message).toBe('source app: "omit" leaves out "token", a key field of traders')
  })

  it('takes a configured key over and refuses one of no field', () => {
    const keyed = (key: string[]) => selectionFor(source({ collections: { traders: { key } } }), table({ key: [] }))
    expect(keyed(['name']).schema.key).toEqual(['name'])
    expect(usageError(() => keyed(['nmae'])).message).toBe(
      'source app: "key" of traders names "nmae", which is no field of it',
    )
  })

  it('hands on the derived fields that the table has', () => {
    expect(selectionFor(source({ collections: { '*': { derived: ['doc', 'none'] } } }), table()).derived).toEqual([
      'doc',
    ])
  })
})

describe('unknownFields', () => {
  it('lists fields that the entry of a table names and the table lacks, but none of *', () => {
    const collections = {
      '*': { newest: 'updated_at' },
      traders: {
        critical: ['nmae', 'id'],
        newest: 'timestamp',
        arrays: { 'doc.tags': 'set' as const },
        omit: ['!passwrd'],
      },
    }
    expect(unknownFields(source({ collections }), table())).toEqual([
      { option: 'newest', field: 'timestamp', nearest: undefined },
      { option: 'critical', field: 'nmae', nearest: 'name' },
      { option: 'omit', field: 'passwrd', nearest: 'password' },
    ])
    expect(unknownFields(source({ collections: { logs: { newest: 'x' } } }), documents)).toEqual([])
  })
})

describe('guardFor', () => {
  it.each([
    [undefined, undefined],
    ['20%', { share: 0.2 }],
    ['0%', { share: 0 }],
    ['100%', { share: 1 }],
    ['2.5%', { share: 0.025 }],
    [500, { count: 500 }],
    [0, { count: 0 }],
  ])('reads %j as %j', (deletes, guard) => {
    expect(guardFor(deletes === undefined ? {} : { guard: { deletes } }).deletes).toEqual(guard)
  })

  it.each(['20', 'all', '101%', -1, 1.5, '%'])('refuses %j', (deletes) => {
    expect(usageError(() => guardFor({ guard: { deletes } })).message).toContain('guard.deletes')
  })
})

describe('placeholders', () => {
  const of = (own: object, all: object = {}): ReturnType<typeof selectionFor>['placeholders'] =>
    selectionFor(source({ collections: { '*': all, traders: own } }), table()).placeholders

  it('are for fields that stay at home; * may name fields that this table has not, or exports', () => {
    expect(of({ placeholder: { password: '!' } })).toEqual(new Map([['password', '!']]))
    expect(of({}, { placeholder: { password: '!', pin: 0, name: 'nobody' } })).toEqual(new Map([['password', '!']]))
    expect(of({})).toBeUndefined()
    const logs = source({ collections: { logs: { placeholder: { password: '!', pin: 0 }, omit: ['pin'] } } })
    expect([...(selectionFor(logs, documents).placeholders ?? [])]).toEqual([
      ['password', '!'],
      ['pin', 0],
    ])
  })

  it('of a field that is exported are refused, and those of no field are told', () => {
    expect(usageError(() => of({ placeholder: { name: 'nobody' } })).message).toContain('a field that is exported')
    const misspelt = source({ collections: { traders: { placeholder: { pasword: '!' } } } })
    expect(unknownFields(misspelt, table())).toEqual([{ option: 'placeholder', field: 'pasword', nearest: 'password' }])
  })
})
