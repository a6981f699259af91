/** Decimal numbers as exact integers with a scale, so that adding amounts or reading epochs never rounds. */
/** The number `unscaled / 10 ** scale`; `12.50` is 1250 with scale 2. */
export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

/** No column type holds greater exponents; a short text with one would make a huge integer. */
const LARGEST_EXPONENT = 400

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,5}))?$/

/** The number written as `-?digits[.digits][e±digits]`; undefined for any other text, such as NaN or Infinity. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = NUMBER.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const shift = Number(exponent)
  if (Math.abs(shift) > LARGEST_EXPONENT) return undefined
  const unscaled = BigInt(`${sign}${whole}${fraction}`)
  const scale = fraction.length - shift
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 }
}

/** The sum at the greater of the two scales. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { unscaled: rescale(a, scale) + rescale(b, scale), scale }
}

/** The number with the opposite sign. */
export function negate({ unscaled, scale }: Decimal): Decimal {
  return { unscaled: -unscaled, scale }
}

/** The number times `10 ** scale` as an integer; further digits are cut off. */
export function rescale({ unscaled, scale: from }: Decimal, scale: number): bigint {
  return scale >= from ? unscaled * 10n ** BigInt(scale - from) : unscaled / 10n ** BigInt(from - scale)
}

/** Plain digits with exactly `scale` digits after the point: 1250 with scale 2 gives `12.50`. */
export function decimalText({ unscaled, scale }: Decimal): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
