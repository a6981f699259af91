/** Every command, loaded only when it is wanted: most of the time that a short command takes goes into loading modules. */
import type { Command } from '../command.ts'

/** By the word that calls it, in the order of `tandem --help`. */
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.ts')).initCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  apply: async () => (await import('./apply.ts')).applyCommand,
  sync: async () => (await import('./sync.ts')).syncCommand,
  merge: async () => (await import('./merge.ts')).mergeCommand,
  'merge-file': async () => (await import('./merge-file.ts')).mergeFileCommand,
  resolve: async () => (await import('./resolve.ts')).resolveCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  stats: async () => (await import('./stats.ts')).statsCommand,
  diff: async () => (await import('./diff.ts')).diffCommand,
  verify: async () => (await import('./verify.ts')).verifyCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  undo: async () => (await import('./undo.ts')).undoCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  quarantine: async () => (await import('./quarantine.ts')).quarantineCommand,
  forget: async () => (await import('./forget.ts')).forgetCommand,
  pause: async () => (await import('./pause.ts')).pauseCommand,
  resume: async () => (await import('./resume.ts')).resumeCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  upgrade: async () => (await import('./upgrade.ts')).upgradeCommand,
  uninstall: async () => (await import('./uninstall.ts')).uninstallCommand,
  hook: async () => (await import('./hook.ts')).hookCommand,
  'merge-driver': async () => (await import('./merge-driver.ts')).mergeDriverCommand,
}

/** The command that a word calls; all of them when it calls none: for help, completion, and what was mistyped. */
export async function loadCommands(word: string | undefined): Promise<readonly Command[]> {
  const known = word !== undefined && Object.hasOwn(LOADERS, word) ? LOADERS[word] : undefined
  return Promise.all((known === undefined ? Object.values(LOADERS) : [known]).map((load) => load()))
}
