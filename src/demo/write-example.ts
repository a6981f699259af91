#!/usr/bin/env node
/** `npm run example`: writes the committed example anew, after a change of the export format or of the demo. Separate from example.ts, which tests call and which changes nothing here. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeExample } from './example.ts'

const FOLDER = fileURLToPath(new URL('../../exports', import.meta.url))

const files = await makeExample(process.env)

await rm(FOLDER, { recursive: true, force: true })

for (const [name, bytes] of files) {
  const file = path.join(FOLDER, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, bytes)
}

process.stdout.write(`${files.size} files in ${path.relative(process.cwd(), FOLDER) || FOLDER}\n`)
