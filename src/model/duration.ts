/** Durations and sizes as people write them in a configuration: `5m`, `26h`, `30d`; `512MB`, `1GB`. */
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
}

/** Milliseconds of `90s`, `5m`, `26h`, `30d`, `2w`; undefined for another form. */
export function durationMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  return count === '' ? undefined : Number(count) * (UNIT_MS[unit] as number)
}

/** Bytes of `512MB` or `1GB` (powers of 1024, as file managers count); undefined for another form. */
export function sizeBytes(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,9})(B|KB|MB|GB|TB)$/.exec(text) ?? []
  return count === '' ? undefined : Number(count) * (UNIT_BYTES[unit] as number)
}

/** Bytes in words: `0 B`, `1.5 KB`, `3.2 GB`. */
export function sizeWords(bytes: number): string {
  const units = Object.keys(UNIT_BYTES)
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}
