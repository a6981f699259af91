/** The adapter for MongoDB against every server of the run: the shared suite, and what only MongoDB has. */
import { inject } from 'vitest'
import { mongodbEngine } from './mongodb-fixture.ts'
import { contractSuite } from './suite.ts'
import type { MongodbServer } from '../support/mongodb.ts'

for (const server of inject('mongodb') as MongodbServer[]) contractSuite(mongodbEngine(server))
