/** Reads the configuration and `.env` of a work tree from disk. Parsing and checking, which need no files, are in load.ts. */
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../model/errors.ts'
import type { Config } from './config.ts'
import { CONFIG_FILE, parseConfig, resolveConfig } from './load.ts'
import { parseDotenv } from './source-url.ts'

/** Remembers texts that fit the schema, so that not every hook validates the same text again. */
export interface ValidTexts {
  readonly has: (text: string) => Promise<boolean>
  readonly add: (text: string) => Promise<void>
}

/**
 * Reads and checks the configuration of a work tree.
 * @param root absolute path of the work tree
 * @param valid texts that need no validation; a text found valid is added to it
 * @throws UsageError when there is no configuration, when it is not valid, or when it is a symbolic link (a committed link could show the content of any file)
 */
export async function readConfig(root: string, valid?: ValidTexts): Promise<Config> {
  const text = await readRegular(join(root, CONFIG_FILE), CONFIG_FILE)
  if (text === undefined) {
    throw new UsageError(`there is no ${CONFIG_FILE} in this repository`, { hint: 'Run tandem init to write one.' })
  }
  const isValid = (await valid?.has(text)) === true
  const config = resolveConfig(parseConfig(text, CONFIG_FILE, isValid))
  if (!isValid) await valid?.add(text)
  return config
}

/** The variables of `.env` at the root of a work tree; empty if there is none. A symbolic link is followed, because `.env` is the user's own and not committed. */
export async function readDotenv(root: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(root, '.env'), 'utf8').catch(absent)
  return parseDotenv(text ?? '')
}

async function readRegular(path: string, name: string): Promise<string | undefined> {
  const entry = await lstat(path).catch(absent)
  if (entry === undefined) return undefined
  if (!entry.isFile()) throw new UsageError(`${name} is not a regular file`, { hint: 'Put a plain file in its place.' })
  return await readFile(path, 'utf8')
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
