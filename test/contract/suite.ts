/**
 * The suite that every adapter passes against its real server: one engine-neutral set of tests, so that no engine quietly means something else by the contract.
 * An engine's own test file gives the fixture (fixture.ts) and adds what only that engine has.
 */
import { describe } from 'vitest'
import { applying } from './cases/applying.ts'
import { automatic } from './cases/automatic.ts'
import { comparing } from './cases/comparing.ts'
import { filling } from './cases/filling.ts'
import { exclusive } from './cases/exclusive.ts'
import { keeping } from './cases/keeping.ts'
import { moving } from './cases/moving.ts'
import { reading } from './cases/reading.ts'
import { refusing } from './cases/refusing.ts'
import { relating } from './cases/relating.ts'
import { remembering } from './cases/remembering.ts'
import type { ContractEngine } from './fixture.ts'

/** Defines all tests for one engine. */
export function contractSuite(engine: ContractEngine): void {
  describe(`the adapter on ${engine.name}`, () => {
    reading(engine)
    keeping(engine)
    filling(engine)
    applying(engine)
    automatic(engine)
    exclusive(engine)
    refusing(engine)
    relating(engine)
    moving(engine)
    comparing(engine)
    remembering(engine)
  })
}
