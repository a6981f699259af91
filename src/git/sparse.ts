/** A sparse checkout leaves a part of the files out of the work tree (git-sparse-checkout(1)). The tool writes files as git would: what is outside stays outside. */
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Repository } from './repository.ts'

/** Those of the paths (from the root) that a sparse checkout leaves out of the work tree; none where the checkout is not sparse. */
export async function outsideSparse(repository: Repository, paths: readonly string[]): Promise<Set<string>> {
  if (paths.length === 0 || !(await repository.config()).isTrue('core.sparsecheckout')) return new Set()
  const marked = await marksOf(repository, {})
  const outside = new Set(paths.filter((file) => marked.get(file) === true))
  const fresh = paths.filter((file) => !marked.has(file))
  for (const file of await outsideByPattern(repository, fresh)) outside.add(file)
  return outside
}

/** Path → true when the index marks the file as left out (`S` in ls-files -t). */
async function marksOf(
  repository: Repository,
  environment: Readonly<Record<string, string>>,
): Promise<Map<string, boolean>> {
  const listing = await repository.git(['ls-files', '-t', '-z', '--full-name'], { environment })
  const lines = listing.split('\0').filter((line) => line !== '')
  return new Map(lines.map((line) => [line.slice(2), line.startsWith('S ')]))
}

/**
 * For files that no index has yet, git itself is asked: it checks empty files of these names out into an empty folder, and its index then says which it left out.
 * (`git sparse-checkout check-rules` does as much, from git 2.41 on.)
 */
async function outsideByPattern(repository: Repository, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return []
  const folder = await mkdtemp(path.join(repository.commonDir, 'tandem', 'sparse-'))
  const index = (name: string): Record<string, string> => ({ GIT_INDEX_FILE: path.join(folder, name) })
  try {
    const empty = await repository.git(['hash-object', '-w', '--stdin'], { input: '' })
    const input = paths.map((file) => `100644 ${empty}\t${file}\0`).join('')
    await repository.git(['update-index', '-z', '--index-info'], { input, environment: index('given') })
    const tree = await repository.git(['write-tree'], { environment: index('given') })
    const environment = { ...index('read'), GIT_DIR: repository.gitDir, GIT_WORK_TREE: folder }
    await repository.git(['-c', 'core.hooksPath=/dev/null', 'read-tree', '-m', '-u', tree], { environment })
    const marked = await marksOf(repository, environment)
    return paths.filter((file) => marked.get(file) === true)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
