import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { resolveBackup } from '../../../src/config/backup.ts'
import { parseConfig, resolveConfig } from '../../../src/config/load.ts'
import { configText, usageError } from './support.ts'

const load = (text: string) => resolveConfig(parseConfig(text, 'tandem.config.json'))

/** The example of the documentation, with every option that there is. */
const FULL = {
  $schema: './config.schema.json',
  exports: './data/exports/',
  branches: ['main', 'release/*'],
  exportOn: ['commit', 'push'],
  commit: { message: 'chore(data): {summary}', author: 'Data Bot <data@example.org>', signoff: true, verify: false },
  sources: {
    app: {
      url: '${APP_DATABASE_URL}',
      include: ['*'],
      exclude: ['sessions'],
      collections: {
        '*': { newest: 'updated_at' },
        traders: {
          key: ['id'],
          identity: ['user_id', 'username', 'timestamp', 'ticker'],
          newest: 'timestamp',
          critical: ['user_id', 'profit_usd', 'profit_sol', 'ticker'],
          arrays: { tags: 'set', legs: { keyed: 'id' } },
          counters: ['wins'],
          onDeleteModify: 'keep',
          omit: ['api_key'],
          guard: { deletes: '20%' },
          derived: ['search'],
          zone: 'Europe/Berlin',
          folder: 'traders_2',
        },
      },
    },
  },
}

describe('a valid configuration', () => {
  it('may use every option, and is handed on as it is written', () => {
    const config = load(JSON.stringify(FULL))
    expect(config).toMatchObject({
      path: 'tandem.config.json',
      backup: resolveBackup(),
      exports: 'data/exports',
      branches: ['main', 'release/*'],
      exportOn: ['commit', 'push'],
      commit: FULL.commit,
      sources: [
        {
          name: 'app',
          urlTemplate: '${APP_DATABASE_URL}',
          include: ['*'],
          exclude: ['sessions'],
          collections: FULL.sources.app.collections,
        },
      ],
    })
  })

  it('needs nothing but the url of a source', () => {
    expect(load('{"sources": {"app": {"url": "sqlite:app.db"}}}')).toMatchObject({
      path: 'tandem.config.json',
      backup: resolveBackup(),
      exports: 'exports',
      branches: undefined,
      exportOn: ['push'],
      commit: { message: 'data: {summary}', author: undefined, signoff: false, verify: true },
      sources: [{ name: 'app', urlTemplate: 'sqlite:app.db', include: ['*'], exclude: [], collections: {} }],
    })
  })

  it('is what the template for new repositories holds', () => {
    const template = readFileSync(new URL('../../../templates/tandem.config.json', import.meta.url), 'utf8')
    expect(load(template).sources.map((source) => source.urlTemplate)).toEqual(['${APP_DATABASE_URL}'])
  })

  it('is what the examples of docs/configuration.md hold', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
    const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1] ?? '')
    expect(examples.map((example) => load(example).sources.length)).toEqual([1, 3])
  })
})

describe('an option that does not fit the schema', () => {
  it.each<[title: string, text: string, message: string]>([
    ['unknown at the top', configText({}, { exprots: 'x' }), ':2: exprots: unknown option; did you mean "exports"?'],
    [
      'unknown in a source',
      configText({ exlude: [] }),
      ':5: sources.app.exlude: unknown option; did you mean "exclude"?',
    ],
    [
      'unknown in a collection',
      configText({ collections: { t: { newst: 'x' } } }),
      ':7: sources.app.collections.t.newst: unknown option; did you mean "newest"?',
    ],
    [
      'unknown in a guard',
      configText({ collections: { t: { guard: { delete: 1 } } } }),
      ':8: sources.app.collections.t.guard.delete: unknown option; did you mean "deletes"?',
    ],
    [
      'like nothing that is known',
      configText({ colour: 'red' }),
      ':5: sources.app.colour: unknown option; known here: url, include, exclude, collections',
    ],
    ['of the wrong type', configText({ include: '*' }), ':5: sources.app.include: must be a list'],
    ['missing', '{"sources": {"app": {}}}', ':1: sources.app: "url" is missing'],
    ['without any source', '{"sources": {}}', ':1: sources: must have at least one entry'],
    ['with another top', '[]', ':1: must be an object'],
    ['outside its values', configText({}, { exportOn: ['pull'] }), ':3: exportOn.0: must be "push" or "commit"'],
    ['an empty list of branches', configText({}, { branches: [] }), ':2: branches: must have at least one item'],
    [
      'onDeleteModify of a later version',
      configText({ collections: { t: { onDeleteModify: 'delete' } } }),
      ':7: sources.app.collections.t.onDeleteModify: must be "keep"',
    ],
    [
      'a share that is none',
      configText({ collections: { t: { guard: { deletes: '120%' } } } }),
      ':8: sources.app.collections.t.guard.deletes: has a form that is not allowed; for example "20%" or 500',
    ],
    [
      'a negative number of deletes',
      configText({ collections: { t: { guard: { deletes: -1 } } } }),
      ':8: sources.app.collections.t.guard.deletes: has a form that is not allowed; for example "20%" or 500',
    ],
    [
      'an array rule that is none',
      configText({ collections: { t: { arrays: { tags: 'sets' } } } }),
      ':8: sources.app.collections.t.arrays.tags: has a form that is not allowed; for example "set" or {"keyed":"id"}',
    ],
    [
      'a field named twice',
      configText({ collections: { t: { critical: ['a', 'a'] } } }),
      ':7: sources.app.collections.t.critical: names the same twice',
    ],
    [
      'a folder with a slash',
      configText({ collections: { t: { folder: '../x' } } }),
      ':7: sources.app.collections.t.folder: has a form that is not allowed; for example "users_2"',
    ],
    [
      'a glob that negates',
      configText({ include: ['!sessions'] }),
      ':6: sources.app.include.0: has a form that is not allowed (name what is left out in "exclude")',
    ],
    [
      'a source name with a dot',
      '{"sources": {"my.app": {"url": "sqlite:a"}}}',
      ':1: sources.my.app: a source name is 1 to 64 letters, digits, _ and -',
    ],
    [
      'a name that would move the cursor',
      configText({}, { 'export\u001bs': 1 }),
      ':2: export\\u{1b}s: unknown option; did you mean "exports"?',
    ],
  ])('is refused by line and name: %s', (_, text, message) => {
    expect(usageError(() => parseConfig(text, 'c.json')).message).toBe(`c.json${message}`)
  })

  it.each(['store', 'where', 'mask', 'lfs', 'timeouts'])('is refused as reserved wherever it stands: %s', (name) => {
    for (const text of [
      configText({}, { [name]: {} }),
      configText({ [name]: 1 }),
      configText({ collections: { t: { [name]: 1 } } }),
    ]) {
      expect(usageError(() => parseConfig(text, 'c.json')).message).toMatch(
        new RegExp(`^c\\.json:\\d+: (\\w+\\.)*${name}: is reserved for a later version`),
      )
    }
  })

  it('is reported together with all others, in the order of their lines', () => {
    const text = configText({ inculde: [], collections: { t: { key: [] } } }, { exportsOn: [] })
    expect(usageError(() => parseConfig(text, 'c.json')).message.split('\n')).toEqual([
      'c.json:2: exportsOn: unknown option; did you mean "exportOn"?',
      'c.json:6: sources.app.inculde: unknown option; did you mean "include"?',
      'c.json:9: sources.app.collections.t.key: must have at least one item',
    ])
  })
})

describe('what a schema cannot say', () => {
  const withSources = (...names: string[]): string =>
    JSON.stringify({ sources: Object.fromEntries(names.map((name) => [name, { url: 'sqlite:a.db' }])) }, null, 1)

  it.each<[title: string, text: string, message: string]>([
    ['a source called reports', withSources('Reports'), ':3: sources.Reports: is a folder of tandem itself'],
    ['a source called quarantine', withSources('quarantine'), ':3: sources.quarantine: is a folder of tandem itself'],
    ['a source called like a device', withSources('nul'), ':3: sources.nul: is the name of a device on Windows'],
    ['sources equal but for case', withSources('app', 'App'), ':6: sources.App: differs from "app" only in case'],
    ['exports outside', configText({}, { exports: '../x' }), ':2: exports: "../x" leaves the repository'],
    ['exports in .git', configText({}, { exports: '.git/x' }), ':2: exports: ".git/x" is inside .git'],
    ['exports at the root', configText({}, { exports: './' }), ':2: exports: must name something below'],
    [
      'a committed password',
      configText({ url: 'postgres://u:hunter2@h/d' }),
      ':4: sources.app.url: a password is written',
    ],
    [
      'a zone that is none',
      configText({ collections: { t: { zone: 'Europe/Atlantis' } } }),
      ':7: sources.app.collections.t.zone: "Europe/Atlantis" is no time zone',
    ],
    [
      'one folder for every collection',
      configText({ collections: { '*': { folder: 'all' } } }),
      ':7: sources.app.collections.*.folder: one folder cannot hold every collection',
    ],
  ])('is refused by line and name: %s', (_, text, message) => {
    const error = usageError(() => load(text))
    expect(error.message).toContain(`tandem.config.json${message}`)
    expect(error.message).not.toContain('hunter2')
    expect(error.hint).toBeTruthy()
    expect(error.exitCode).toBe(2)
  })

  it('takes names that JavaScript objects inherit as ordinary ones', () => {
    const text = '{"sources": {"constructor": {"url": "sqlite:a.db", "collections": {"__proto__": {"newest": "t"}}}}}'
    const [source] = load(text).sources
    expect(source?.name).toBe('constructor')
    expect(Object.keys(source?.collections ?? {})).toEqual(['__proto__'])
  })
})
