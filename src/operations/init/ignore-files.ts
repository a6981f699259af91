/** Keeps out of git what belongs to one machine: the SQLite files themselves, whose records travel as exports, and the installed packages. `git add .` would commit them. */
import path from 'node:path'
import { sourceUrl } from '../../config/source-url.ts'
import { sqliteFile } from '../../config/sqlite-file.ts'
import { engineOf } from '../../config/written-url.ts'
import type { Repository } from '../../git/repository.ts'
import { exists } from '../../io/exists.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { addLines, isIgnored } from './add-lines.ts'

/** A path of the root that must not be committed. */
interface OwnFile {
  readonly path: string
  /** The lines of `.gitignore` that ignore it. */
  readonly lines: readonly string[]
  /** Paths that have to be ignored; git may ignore some of them already. */
  readonly samples: readonly string[]
  /** Whether it may have been committed on purpose, so that nothing is said or done. */
  readonly mayBeTracked: boolean
}

/** Adds to `.gitignore` the database files inside the work tree and `node_modules`, where git does not ignore them yet. Returns what was done, in words. */
export async function ignoreOwnFiles(workspace: Workspace): Promise<string[]> {
  const { repository } = workspace
  const done: string[] = []
  for (const file of [...databaseFiles(workspace), ...(await packages(repository))])
    done.push(...(await ignoreFile(repository, file)))
  return done
}

async function ignoreFile(repository: Repository, file: OwnFile): Promise<string[]> {
  const isTracked = (await repository.git(['--literal-pathspecs', 'ls-files', '-z', '--', file.path])) !== ''
  if (isTracked && file.mayBeTracked) return []
  const advice = isTracked
    ? [`${file.path} is committed, and every machine's would differ: git rm --cached '${file.path}'`]
    : []
  const ignored = await Promise.all(file.samples.map((sample) => isIgnored(repository, sample)))
  if (!ignored.includes(false)) return advice
  await addLines(repository, '.gitignore', { lines: file.lines })
  return [`added ${file.path} to .gitignore: commit it`, ...advice]
}

/** The SQLite files inside the work tree. SQLite keeps a journal, `-wal` and `-shm` beside each. */
function databaseFiles({ repository, config, lookups }: Workspace): OwnFile[] {
  const { approvedNames: _any, ...all } = lookups
  return config.sources.flatMap((source) => {
    const { url } = sourceUrl(source, all)
    if (engineOf(url) !== 'sqlite') return []
    const file = path.relative(repository.root, path.resolve(repository.root, sqliteFile(url, repository.root)))
    if (file === '' || file.startsWith('..') || path.isAbsolute(file)) return []
    const name = file.split(path.sep).join('/')
    const pattern = `/${name.replace(/[\\*?[\]]|[ \t]$/g, String.raw`\$&`)}`
    const lines = [pattern, `${pattern}-*`]
    return [{ path: name, lines, samples: [name, `${name}-wal`, `${name}-journal`], mayBeTracked: false }]
  })
}

async function packages({ root }: Repository): Promise<OwnFile[]> {
  if (!(await exists(path.join(root, 'node_modules')))) return []
  const name = 'node_modules'
  return [{ path: name, lines: [`/${name}/`], samples: [`${name}/package`], mayBeTracked: true }]
}
