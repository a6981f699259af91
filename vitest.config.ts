import { defineConfig } from 'vitest/config'

/** What marks an end-to-end file that takes minutes; its subject says where it stands. */
const SLOW = 'test/e2e/**/*.slow.test.ts'

/** Four projects: `unit` is pure and takes milliseconds, `contract` runs every adapter against its real server, `e2e` runs the built command in real git repositories, `long` does so in the files marked as slow, which CI runs too. */
export default defineConfig({
  test: {
    // files wait for servers and child processes most of the time: one worker a core, not one core less
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/support/servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [SLOW],
          globalSetup: ['test/support/servers.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'long',
          include: [SLOW],
          globalSetup: ['test/support/servers.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
