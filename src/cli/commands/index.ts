/** Every command, in the order of `tandem --help`. */
import type { Command } from '../command.ts'
import { applyCommand } from './apply.ts'
import { diffCommand } from './diff.ts'
import { doctorCommand } from './doctor.ts'
import { exportCommand } from './export.ts'
import { forgetCommand } from './forget.ts'
import { hookCommand } from './hook.ts'
import { initCommand } from './init.ts'
import { mergeCommand } from './merge.ts'
import { mergeDriverCommand } from './merge-driver.ts'
import { mergeFileCommand } from './merge-file.ts'
import { pauseCommand } from './pause.ts'
import { quarantineCommand } from './quarantine.ts'
import { reportCommand } from './report.ts'
import { resolveCommand } from './resolve.ts'
import { restoreCommand } from './restore.ts'
import { resumeCommand } from './resume.ts'
import { statsCommand } from './stats.ts'
import { statusCommand } from './status.ts'
import { syncCommand } from './sync.ts'
import { undoCommand } from './undo.ts'
import { uninstallCommand } from './uninstall.ts'
import { upgradeCommand } from './upgrade.ts'
import { verifyCommand } from './verify.ts'

export const COMMANDS: readonly Command[] = [
  initCommand,
  exportCommand,
  applyCommand,
  syncCommand,
  mergeCommand,
  mergeFileCommand,
  resolveCommand,
  statusCommand,
  statsCommand,
  diffCommand,
  verifyCommand,
  reportCommand,
  undoCommand,
  restoreCommand,
  quarantineCommand,
  forgetCommand,
  pauseCommand,
  resumeCommand,
  doctorCommand,
  upgradeCommand,
  uninstallCommand,
  hookCommand,
  mergeDriverCommand,
]
