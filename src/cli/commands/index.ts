/** Every command, in the order of `tandem --help`. */
import type { Command } from '../command.ts'
import { applyCommand } from './apply.ts'
import { exportCommand } from './export.ts'
import { hookCommand } from './hook.ts'
import { initCommand } from './init.ts'
import { mergeDriverCommand } from './merge-driver.ts'
import { verifyCommand } from './verify.ts'

export const COMMANDS: readonly Command[] = [
  initCommand,
  exportCommand,
  applyCommand,
  verifyCommand,
  hookCommand,
  mergeDriverCommand,
]
