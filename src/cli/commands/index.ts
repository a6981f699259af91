/** Every command, in the order of `tandem --help`. */
import type { Command } from '../command.ts'
import { applyCommand } from './apply.ts'
import { exportCommand } from './export.ts'
import { forgetCommand } from './forget.ts'
import { hookCommand } from './hook.ts'
import { initCommand } from './init.ts'
import { mergeCommand } from './merge.ts'
import { mergeDriverCommand } from './merge-driver.ts'
import { resolveCommand } from './resolve.ts'
import { statusCommand } from './status.ts'
import { syncCommand } from './sync.ts'
import { uninstallCommand } from './uninstall.ts'
import { verifyCommand } from './verify.ts'

export const COMMANDS: readonly Command[] = [
  initCommand,
  exportCommand,
  applyCommand,
  syncCommand,
  mergeCommand,
  resolveCommand,
  statusCommand,
  verifyCommand,
  forgetCommand,
  uninstallCommand,
  hookCommand,
  mergeDriverCommand,
]
