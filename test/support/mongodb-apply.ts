/** A process of its own that applies the large plan to a MongoDB database, to be killed meanwhile. Built from the sources as they are, so that no earlier build is tested. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bigPlan } from './mongodb-plan.ts'

const root = join(import.meta.dirname, '../..')
const cache = join(root, 'node_modules/.cache')

/** The program as JavaScript, in a folder from which its packages are found. */
export async function buildProgram(): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'mongodb-apply-'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const options = ['-p', 'tsconfig.build.json', '--outDir', folder, '--tsBuildInfoFile', join(folder, 'info')]
  const compiler = spawn(join(root, 'node_modules/.bin/tsc'), options, { cwd: root, stdio: 'ignore' })
  await once(compiler, 'close')
  if (!existsSync(join(folder, 'adapters/mongodb/adapter.js'))) throw new Error('the sources could not be compiled')
  return { folder, remove: async () => await rm(folder, { recursive: true }) }
}

/** Starts the process and waits until it begins to apply. */
export async function startApplying(folder: string, uri: string): Promise<ChildProcess> {
  const script = `
    import { openAdapter } from ${JSON.stringify(pathToFileURL(join(folder, 'adapters/open.js')).href)}
    let text = ''
    for await (const chunk of process.stdin) text += chunk
    const { uri, collections, state } = JSON.parse(text)
    const adapter = await openAdapter(uri, { connectTimeoutMs: 5000, source: 'app', root: '/' })
    process.stdout.write('applying')
    await adapter.apply({ collections, state: new Map(state), expectedState: new Map() })
    await adapter.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const { collections, state } = bigPlan()
  child.stdin.end(JSON.stringify({ uri, collections, state: [...state] }))
  const ended = once(child, 'close').then(() => {
    throw new Error('the process ended before it began to apply')
  })
  await Promise.race([once(child.stdout, 'data'), ended])
  ended.catch(() => {})
  return child
}
