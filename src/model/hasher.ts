/** The hash function of records and keys: XXH64. In a file of its own, because esbuild.config.js puts hasher-later.ts in its place where a module cannot wait. */
import xxhash from 'xxhash-wasm'

export const hasher: Awaited<ReturnType<typeof xxhash>> = await xxhash()
