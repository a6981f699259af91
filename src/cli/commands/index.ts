/** All commands, each loaded only when it is used: a short command spends most of its time on loading modules. */
import type { Command } from '../command.ts'

/** Name of a command → how to load it, in the order of `tandem --help`. */
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
  mirror: async () => (await import('./mirror.ts')).mirrorCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  cleanup: async () => (await import('./cleanup.ts')).cleanupCommand,
  quarantine: async () => (await import('./quarantine.ts')).quarantineCommand,
  forget: async () => (await import('./forget.ts')).forgetCommand,
  pause: async () => (await import('./pause.ts')).pauseCommand,
  resume: async () => (await import('./resume.ts')).resumeCommand,
  health: async () => (await import('./health.ts')).healthCommand,
  schedule: async () => (await import('./schedule.ts')).scheduleCommand,
  queue: async () => (await import('./queue.ts')).queueCommand,
  notify: async () => (await import('./notify.ts')).notifyCommand,
  logs: async () => (await import('./logs.ts')).logsCommand,
  down: async () => (await import('./down.ts')).downCommand,
  setup: async () => (await import('./setup.ts')).setupCommand,
  'setup-scheduler': async () => (await import('./schedule.ts')).setupSchedulerCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  upgrade: async () => (await import('./upgrade.ts')).upgradeCommand,
  uninstall: async () => (await import('./uninstall.ts')).uninstallCommand,
  hook: async () => (await import('./git/hook.ts')).hookCommand,
  'merge-driver': async () => (await import('./git/merge-driver.ts')).mergeDriverCommand,
}

/** The command with this name; all commands when there is none with it, as for help, completion, and the suggestion for a misspelt name. */
export async function loadCommands(word: string | undefined): Promise<readonly Command[]> {
  const known = word !== undefined && Object.hasOwn(LOADERS, word) ? LOADERS[word] : undefined
  return Promise.all((known === undefined ? Object.values(LOADERS) : [known]).map((load) => load()))
}
