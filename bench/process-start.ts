/** What is paid even where there is nothing to do: the program's start, the hook's shell stub, and the one hook that always asks the database. Milliseconds, so never fewer than 20 runs. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openRemote, PROGRAM, type Machine } from './machines.ts'
import { compare, type BenchmarkOptions, type Measured } from './measured.ts'
import { runProgram } from './run-program.ts'
import type { Workbench } from './workbench.ts'

const LEAST_RUNS = 20
const ROWS = 1000

/** `tandem --version`. Baseline: `node -e 0`. */
export async function startup({ runs }: BenchmarkOptions): Promise<Measured> {
  const words = [PROGRAM, '--version']
  const measured = await compare(1, {
    runs: Math.max(runs, LEAST_RUNS),
    work: () => runProgram(process.execPath, words, { memory: false }),
    baseline: () => runProgram(process.execPath, ['-e', '0'], { memory: false }),
  })
  const { peakMemoryMiB } = await runProgram(process.execPath, words)
  return { ...measured, peakMemoryMiB, notes: ['tandem --version; baseline: node -e 0', milliseconds(measured)] }
}

/** post-checkout where the database is in step with HEAD, so that the program is not started. Baseline: an empty shell script. */
export async function hookStub(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const machine = await inStep({ ...options, engine: 'sqlite' }, workbench)
  const hook = path.join(machine.root, '.git/hooks/post-checkout')
  const empty = await emptyHook(workbench, 'post-checkout')
  const { environment, root: cwd } = machine
  const { text: head } = await machine.git('rev-parse', 'HEAD')
  const words = [head.trim(), head.trim(), '1']
  const { peakMemoryMiB } = await runProgram(hook, words, { environment, cwd })
  if (peakMemoryMiB > 0) throw new Error('the hook started the program')
  const measured = await compare(1, {
    runs: Math.max(options.runs, LEAST_RUNS),
    work: () => runProgram(hook, words, { environment, cwd, memory: false }),
    baseline: () => runProgram(empty, words, { environment, cwd, memory: false }),
  })
  return {
    ...measured,
    notes: ['post-checkout with nothing to do; baseline: an empty sh hook', milliseconds(measured)],
  }
}

/** `git push` where there is nothing to push, of 1,000 records: pre-push asks the database. Baseline: the same with an empty pre-push. */
export async function hookIdle(options: BenchmarkOptions, workbench: Workbench): Promise<Measured> {
  const machine = await inStep(options, workbench)
  const hooksPath = path.dirname(await emptyHook(workbench, 'pre-push'))
  const measured = await compare(options.rows ?? ROWS, {
    runs: Math.max(options.runs, LEAST_RUNS),
    work: () => machine.git('push', '-q'),
    baseline: () => machine.git('-c', `core.hooksPath=${hooksPath}`, 'push', '-q'),
  })
  const { seconds, baselineSeconds } = measured
  return {
    ...measured,
    notes: [
      `git push with nothing to push, ${options.rows ?? ROWS} records on ${options.engine}; baseline: the same with an empty pre-push`,
      `the hook: ${Math.round((seconds - baselineSeconds) * 1000)} ms`,
    ],
  }
}

/** A machine that has pushed all it has. */
async function inStep(options: BenchmarkOptions, workbench: Workbench): Promise<Machine> {
  const remote = await openRemote(options, workbench)
  const machine = await remote.clone()
  await machine.database.fill(options.rows ?? ROWS)
  await machine.tandem('init', '--yes')
  await machine.git('push', '-q')
  return machine
}

async function emptyHook(workbench: Workbench, name: string): Promise<string> {
  const folder = workbench.newPath('hooks')
  await mkdir(folder)
  const file = path.join(folder, name)
  await writeFile(file, '#!/bin/sh\nexit 0\n')
  await chmod(file, 0o755)
  return file
}

function milliseconds({ seconds, baselineSeconds }: Pick<Measured, 'seconds' | 'baselineSeconds'>): string {
  return `${(seconds * 1000).toFixed(1)} ms, baseline ${(baselineSeconds * 1000).toFixed(1)} ms`
}
