/**
 * The bytes of a Decimal128 as text and back (IEEE 754-2008 decimal128 with a binary integer significand). The value is never converted to a JavaScript number, which
 * would round it, nor to a class that normalises it. The texts are those of the BSON Decimal128 specification.
 */
const BIAS = 6176n

const LARGEST = 10n ** 34n - 1n

const SIGN = 1n << 63n

const INFINITE = 0x7800_0000_0000_0000n

const NOT_A_NUMBER = 0x7c00_0000_0000_0000n

const LOW_49_BITS = (1n << 49n) - 1n

/** The text of the 16 bytes at `start`; undefined where no text would give exactly these bytes again: a NaN with a payload, or more than 34 digits. */
export function decimalText(bytes: Buffer, start: number): string | undefined {
  const low = bytes.readBigUInt64LE(start)
  const signed = bytes.readBigUInt64LE(start + 8)
  const high = signed & ~SIGN
  const sign = high === signed ? '' : '-'
  if (high >= INFINITE) {
    if (low !== 0n) return undefined
    if (high === INFINITE) return `${sign}Infinity`
    return signed === NOT_A_NUMBER ? 'NaN' : undefined
  }
  if (high >> 61n === 3n) return undefined
  const significand = ((high & LOW_49_BITS) << 64n) | low
  if (significand > LARGEST) return undefined
  return sign + scientific(significand.toString(), Number((high >> 49n) - BIAS))
}

/** The text of digits and exponent as in "to-scientific-string" of the General Decimal Arithmetic specification: no two pairs of them have the same text. */
function scientific(digits: string, exponent: number): string {
  const adjusted = exponent + digits.length - 1
  if (exponent > 0 || adjusted < -6) {
    const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
    return `${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`
  }
  if (exponent === 0) return digits
  const padded = digits.padStart(1 - exponent, '0')
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}

/**
 * The 16 bytes of a decimal text.
 * @throws SyntaxError when the text is no decimal number, or has more than 34 digits or an exponent out of range
 */
export function decimalBytes(text: string): Buffer {
  const match = /^(-?)(?:(\d+)(?:\.(\d+))?(?:E([+-]?\d+))?|(Infinity|NaN))$/.exec(text)
  if (match === null || text === '-NaN') throw new SyntaxError(`${JSON.stringify(text)} is no decimal number`)
  const [, sign, whole = '', fraction = '', exponent = '0', special] = match
  const bytes = Buffer.alloc(16)
  let high = special === undefined ? 0n : special === 'NaN' ? NOT_A_NUMBER : INFINITE
  if (special === undefined) {
    const significand = BigInt(whole + fraction)
    const biased = BigInt(exponent) - BigInt(fraction.length) + BIAS
    if (significand > LARGEST || biased < 0n || biased > 12_287n) {
      throw new SyntaxError(`${text} does not fit into a Decimal128`)
    }
    bytes.writeBigUInt64LE(BigInt.asUintN(64, significand), 0)
    high = (biased << 49n) | (significand >> 64n)
  }
  bytes.writeBigUInt64LE(sign === '-' ? high | SIGN : high, 8)
  return bytes
}
