/** The adapter for SQLite against real files: the shared suite, and what only SQLite has. */
import { contractSuite } from './suite.ts'
import { sqlite } from './sqlite-fixture.ts'

contractSuite(sqlite)
