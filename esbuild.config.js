/**
 * Joins the modules of the command line into few files, because opening 400 of them took longer than what a hook does with them. `tsc` writes the modules of the library and the demo
 * to dist before, each in a file of its own.
 *
 * All in dist/cli and CommonJS, which Node loads without its module loader, and which compiled.ts can load compiled: `main.js`, which every start loads; `for-git.js` with all that
 * hooks and the merge driver need; `people.js` with all commands; the driver of PostgreSQL; what checks a configuration, which ajv makes of its schema.
 */
import { createHash } from 'node:crypto'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Ajv } from 'ajv'
import standaloneCode from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const DRIVERS = ['pg', 'pg-copy-streams']

/** Bundle → the file it begins with. */
const PROGRAMS = { 'for-git': 'src/cli/for-git.ts', people: 'src/cli/parse.ts' }

/** What these packages load only where it is there. */
const OPTIONAL = ['pg-native', 'pg-cloudflare']

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
  define: { SCHEMA_IS_COMPILED: 'true' },
}

const commonJs = {
  ...common,
  format: 'cjs',
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  define: { ...common.define, 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
  // compiled.ts gives the bundles no import()
  supported: { 'dynamic-import': false },
}

/** Puts other files in the place of modules: name as it is imported → path, beside the importing bundle unless it is in src. */
function instead(names) {
  return {
    name: 'instead',
    setup: (builder) => {
      for (const [name, target] of Object.entries(names))
        builder.onResolve({ filter: new RegExp(`^${name.replaceAll('.', '\\.')}$`) }, () =>
          target.startsWith('src/') ? { path: path.resolve(target) } : { path: target, external: true },
        )
    },
  }
}

/** The licences of the packages that the bundles hold. They ask to be named wherever the code is. */
async function licensesOf(files) {
  const folders = files.map((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0])
  const texts = []
  for (const folder of [...new Set(folders)].filter(Boolean).sort()) {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
    const [file] = (await readdir(folder)).filter((each) => /^licen[cs]e/i.test(each))
    texts.push(`${name} ${version} (${license})\n\n${file ? await readFile(`${folder}/${file}`, 'utf8') : ''}`)
  }
  return texts.join(`\n${'-'.repeat(80)}\n`)
}

for (const folder of ['cli', 'cache']) await rm(`dist/${folder}`, { recursive: true, force: true })

const inputs = []

for (const name of DRIVERS) {
  const { metafile } = await build({
    ...commonJs,
    stdin: { contents: `module.exports = require('${name}')`, resolveDir: '.' },
    outfile: `dist/cli/${name}.js`,
    external: OPTIONAL,
    // pg makes a Response to find out whether it runs at Cloudflare, for which Node 20 loads all of fetch
    define: { Response: 'undefined' },
  })
  inputs.push(...Object.keys(metafile.inputs))
}

// with the options of src/config/schema.ts
const ajv = new Ajv({ allErrors: true, strict: true, verbose: true, code: { source: true } })
const schema = JSON.parse(await readFile('templates/config.schema.json', 'utf8'))
const validator = await build({
  ...commonJs,
  stdin: { contents: standaloneCode(ajv, ajv.compile(schema)), resolveDir: '.' },
  outfile: 'dist/cli/config-validator.js',
})
inputs.push(...Object.keys(validator.metafile.inputs))

for (const [name, entry] of Object.entries(PROGRAMS)) {
  const { metafile } = await build({
    ...commonJs,
    entryPoints: { [name]: entry },
    outdir: 'dist/cli',
    // of mongodb, adapters/mongodb/wire.ts takes a class that has to be the very one the driver uses
    external: ['libsql', 'mongodb', 'simple-git'],
    // for packages that find files by their own address; what yargs would find there are its translations
    define: { ...commonJs.define, 'import.meta.url': '__moduleUrl' },
    banner: { js: 'const __moduleUrl=require("node:url").pathToFileURL(__filename).href;' },
    plugins: [
      instead({ './hasher.ts': 'src/model/hasher-later.ts' }),
      instead(Object.fromEntries(DRIVERS.map((driver) => [driver, `./${driver}.js`]))),
    ],
  })
  inputs.push(...Object.keys(metafile.inputs))
}

await writeFile('dist/cli/LICENSES', await licensesOf(inputs))

const hash = createHash('sha256')
for (const name of [...Object.keys(PROGRAMS), ...DRIVERS]) hash.update(await readFile(`dist/cli/${name}.js`))
await build({
  ...commonJs,
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/cli',
  define: { ...commonJs.define, BUNDLES: JSON.stringify(hash.digest('hex').slice(0, 16)) },
  supported: {},
})
await writeFile('dist/cli/package.json', '{ "type": "commonjs" }\n')
