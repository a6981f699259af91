/** The mirror against the tools of the trade: a run with nothing to do against unison on the same trees, a first copy against `cp -a` and an fsync of each file. */
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openRemote, type Machine } from './machines.ts'
import { type BenchmarkOptions, type Measured, type Skipped, compare } from './measured.ts'
import { runProgram } from './run-program.ts'
import type { Workbench } from './workbench.ts'

const FILES = 10_001

const A_FOLDER = 100

interface MirroredMachine {
  readonly machine: Machine
  readonly mirror: string
}

/** A machine with so many files of some 500 bytes, and a mirror of it. */
async function mirrored(options: BenchmarkOptions, workbench: Workbench): Promise<MirroredMachine> {
  const machine = await (await openRemote({ ...options, engine: 'sqlite' }, workbench)).clone()
  await machine.tandem('init', '--yes')
  for (let i = 0; i < FILES; i++) {
    const folder = path.join(machine.root, 'files', String(Math.floor(i / A_FOLDER)))
    if (i % A_FOLDER === 0) await mkdir(folder, { recursive: true })
    await writeFile(path.join(folder, `${i}.txt`), `file ${i} `.repeat(50))
  }
  const mirror = workbench.newPath('mirror')
  const file = path.join(machine.root, 'tandem.config.json')
  const configuration = JSON.parse(await readFile(file, 'utf8')) as object
  const word = { to: mirror, git: false, keepVersions: 0, onCommit: false }
  await writeFile(file, JSON.stringify({ ...configuration, mirror: word }))
  return { machine, mirror }
}

/** `tandem mirror run` of 10,001 unchanged files. Baseline: unison on the same trees. */
export async function mirrorIdle(options: BenchmarkOptions, workbench: Workbench): Promise<Measured | Skipped> {
  if (spawnSync('unison', ['-version']).status !== 0) return { skipped: 'unison is not installed' }
  const { machine, mirror } = await mirrored(options, workbench)
  await machine.tandem('mirror', 'init')
  await machine.tandem('mirror', 'run')
  const environment = { ...machine.environment, UNISON: workbench.newPath('unison') }
  const words = [
    machine.root,
    mirror,
    '-batch',
    '-silent',
    '-ignore',
    'Name .git',
    '-ignore',
    'Name {.tandem-mirror,*.db}',
  ]
  const unison = (): ReturnType<typeof runProgram> => runProgram('unison', words, { environment, memory: false })
  await unison()
  const measured = await compare(FILES, {
    runs: options.runs,
    work: () => machine.tandem('mirror', 'run', '--quiet'),
    baseline: unison,
  })
  return { ...measured, notes: [`${FILES} files, nothing changed; baseline: unison on the same trees`] }
}

/** The first copy of 10,001 files. Baseline: `cp -a` of them, and an fsync of each copy. */
export async function mirrorCopy(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const { machine, mirror } = await mirrored(options, workbench)
  const copied = workbench.newPath('copied')
  const script = `rm -rf '${copied}' && cp -a '${machine.root}/files' '${copied}' && find '${copied}' -type f -print0 | xargs -0 sync`
  const measured = await compare(FILES, {
    runs: options.runs,
    before: async () => {
      await rm(mirror, { recursive: true, force: true })
      await rm(path.join(machine.root, '.git/tandem/mirror'), { recursive: true, force: true })
      await rm(path.join(machine.root, '.tandem-mirror'), { recursive: true, force: true })
    },
    work: () => machine.tandem('mirror', 'init', '--quiet'),
    baseline: () => runProgram('sh', ['-c', script], { memory: false }),
  })
  return { ...measured, notes: [`${FILES} files; baseline: cp -a and an fsync of each`] }
}
