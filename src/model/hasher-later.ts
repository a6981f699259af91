/** hasher.ts for the program that git starts. That is CommonJS, where no module can wait while it is loaded: whoever runs it waits for `hashing` first. */
import xxhash from 'xxhash-wasm'

/** @public in the place of hasher.ts */
export let hasher: Awaited<ReturnType<typeof xxhash>>

/** Fulfilled when `hasher` can be used. */
export const hashing: Promise<void> = xxhash().then((made) => {
  hasher = made
})
