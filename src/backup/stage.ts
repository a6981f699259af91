/** Puts together what an archive will hold, in a folder: of each source its dump and its portable archive of one moment, the configuration files, the manifest. Reads the databases; writes only into the folder. */
import { createHash } from 'node:crypto'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import stringify from 'fast-json-stable-stringify'
import type { DumpedMoment, Dumps } from '../adapters/dump.ts'
import { fileDigest } from '../io/file-digest.ts'
import { packageVersion } from '../io/package-files.ts'
import { GuardError } from '../model/errors.ts'
import { readSyncState } from '../source/sync-state.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { MANIFEST, MANIFEST_DIGEST, digestLine, portableFolder } from './archive.ts'
import {
  type ArchivedCollection,
  type ArchivedFile,
  type ArchivedRepository,
  type ArchivedSource,
  MANIFEST_FORMAT,
  type Manifest,
} from './manifest.ts'
import { filesBelow } from './packing.ts'
import { RECOVER_FILE, recoverText } from './recover-text.ts'
import { summaryOf, writePortable } from './portable.ts'

/** The tool's texts inside the database (sync points, binding) beside the portable archive of a source. */
export const STATE = 'state.json'

/** One source to be backed up. */
export interface StagedSource {
  readonly name: string
  readonly dumps: Dumps
  /** The id by which this clone knows the database; undefined: any is taken. */
  readonly id: string | undefined
}

/** Dumps a source into `folder`. @throws GuardError when another database answers than the one this clone is bound to; UnreachableError; TandemError when its dump fails */
export async function stageSource(
  folder: string,
  source: StagedSource,
  says: (text: string) => void,
): Promise<ArchivedSource> {
  const { name, dumps } = source
  const own = path.join(folder, 'sources', name)
  await mkdir(path.join(own, 'dump'), { recursive: true })
  says(`${name}: dumping`)
  const dump = `sources/${name}/dump/${dumps.fileName}`
  const made = await dumps.dump(path.join(folder, dump), (moment) => stageRecords(folder, source, { moment, says }))
  const { description, collections } = made.result
  return {
    name,
    engine: dumps.engine,
    database: description.database,
    server: description.server,
    ...summaryOf(collections),
    collections,
    structure: made.structure === '' ? '' : sha256(made.structure),
    ...(made.isMade && { dump }),
    facts: made.facts,
    warnings: made.warnings,
  }
}

async function stageRecords(
  folder: string,
  source: StagedSource,
  at: { readonly moment: DumpedMoment; readonly says: (text: string) => void },
): Promise<DumpedMoment & { readonly collections: readonly ArchivedCollection[] }> {
  const { snapshot, description } = at.moment
  const { id } = readSyncState(snapshot.state)
  if (source.id !== undefined && id !== source.id)
    throw new GuardError(`${description.database} is not the database that source ${source.name} is bound to`, {
      hint: 'Correct the URL; or, if this database is to take part from now on, join it: tandem init',
    })
  const place = path.join(folder, portableFolder(source.name))
  await mkdir(place, { recursive: true })
  const state = JSON.stringify(Object.fromEntries(snapshot.state), undefined, 1)
  await writeFile(path.join(folder, 'sources', source.name, STATE), `${state}\n`)
  const target = { folder: place, source: source.name, says: at.says }
  return { ...at.moment, collections: await writePortable(target, snapshot, description.collections) }
}

/** Copies the configuration files into the folder. */
export async function stageFiles(folder: string, root: string, files: readonly string[]): Promise<void> {
  for (const file of files) await cp(path.join(root, file), path.join(folder, 'files', file))
}

/** Writes the manifest of what stands in the folder, and returns it. */
export async function stageManifest(
  workspace: Workspace,
  folder: string,
  of: Pick<Manifest, 'time' | 'trigger' | 'sources' | 'missing' | 'configuration'> & {
    readonly repository: ArchivedRepository
  },
): Promise<Manifest> {
  await writeFile(path.join(folder, RECOVER_FILE), recoverText())
  const files: ArchivedFile[] = []
  for (const name of await filesBelow(folder))
    files.push({ path: name, ...(await fileDigest(path.join(folder, name))) })
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    ...of,
    asset: workspace.asset,
    tool: await packageVersion(),
    content: contentOf(of.sources, files),
    files,
  }
  const text = `${JSON.stringify(manifest, undefined, 1)}\n`
  await writeFile(path.join(folder, MANIFEST), text)
  await writeFile(path.join(folder, MANIFEST_DIGEST), digestLine(sha256(text)))
  return manifest
}

/** Equal for equal records, structures and configuration files, whatever the time, the repository and the bytes of the dumps, which differ from dump to dump. */
function contentOf(sources: readonly ArchivedSource[], files: readonly ArchivedFile[]): string {
  return sha256(
    stringify({
      sources: sources.map(({ name, engine, digest, structure, dump }) => [
        name,
        engine,
        digest,
        structure,
        dump ?? '',
      ]),
      files: files.filter(({ path: name }) => name.startsWith('files/')).map((file) => [file.path, file.sha256]),
    }),
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
