/**
 * Joins the modules of the command line into few files, because opening 400 of them took longer than what a hook does with them. `tsc` writes the modules of the library and the demo
 * to dist before, each in a file of its own.
 *
 * dist/cli (CommonJS, which Node loads without its module loader, and which compiled.ts can load compiled): `main.js`, which every start loads; `for-git.js` with all that hooks and
 * the merge driver need; the driver of PostgreSQL.
 * dist/commands and dist/chunks (modules): the commands of people, with what a command does not need in files of its own, and all packages outside.
 */
import { createHash } from 'node:crypto'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'

const DRIVERS = ['pg', 'pg-copy-streams']

/** What these packages load only where it is there. */
const OPTIONAL = ['pg-native', 'pg-cloudflare']

const common = { bundle: true, platform: 'node', target: 'node20', sourcemap: true, logLevel: 'warning' }

const commonJs = {
  ...common,
  format: 'cjs',
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  define: { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
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

for (const folder of ['cli', 'commands', 'chunks', 'cache'])
  await rm(`dist/${folder}`, { recursive: true, force: true })

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

const { metafile } = await build({
  ...commonJs,
  entryPoints: ['src/cli/for-git.ts'],
  outdir: 'dist/cli',
  // of mongodb, adapters/mongodb/wire.ts takes a class that has to be the very one the driver uses
  external: ['libsql', 'mongodb', 'simple-git', 'ajv'],
  plugins: [
    instead({ './hasher.ts': 'src/model/hasher-later.ts' }),
    instead(Object.fromEntries(DRIVERS.map((name) => [name, `./${name}.js`]))),
  ],
})

inputs.push(...Object.keys(metafile.inputs))
await writeFile('dist/cli/LICENSES', await licensesOf(inputs))

const hash = createHash('sha256')
for (const name of ['for-git', ...DRIVERS]) hash.update(await readFile(`dist/cli/${name}.js`))
await build({
  ...commonJs,
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/cli',
  define: { ...commonJs.define, BUNDLES: JSON.stringify(hash.digest('hex').slice(0, 16)) },
  supported: {},
  plugins: [instead({ './parse.ts': '../commands/parse.js' })],
})
await writeFile('dist/cli/package.json', '{ "type": "commonjs" }\n')

await build({
  ...common,
  entryPoints: ['src/cli/parse.ts'],
  outdir: 'dist/commands',
  splitting: true,
  format: 'esm',
  // as deep as dist/commands: modules find the package's files by their own place
  chunkNames: '../chunks/[name]-[hash]',
  packages: 'external',
})
