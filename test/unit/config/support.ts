/** What the tests of configuration share: a source with defaults, and the error that a call throws. */
import { expect } from 'vitest'
import type { SourceConfig } from '../../../src/config/config.ts'
import { UsageError } from '../../../src/model/errors.ts'

export function source(options: Partial<SourceConfig> = {}): SourceConfig {
  return { name: 'app', urlTemplate: 'sqlite:app.db', include: ['*'], exclude: [], collections: {}, ...options }
}

/** The UsageError that `run` throws; fails when it throws none. */
export function usageError(run: () => unknown): UsageError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error as UsageError
  }
  return expect.fail('expected a UsageError, nothing was thrown')
}

/** A configuration text with one source `app`, whose options are given. */
export function configText(app: Record<string, unknown>, top: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...top, sources: { app: { url: '${APP_DATABASE_URL}', ...app } } }, null, 2)
}
