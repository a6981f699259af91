/**
 * The arithmetic of counters: both sides' changes are added to the base exactly, without floating point unless the column itself holds floating point. The form of a
 * number (bare, string, typed wrapper) says how its database stores it, and the sum is written in the form in which that database would export it.
 */
import { type ValueText, isTypedValue, kindOf, splitObject } from '../../model/canonical.ts'
import { type Decimal, addDecimals, decimalText, negate, parseDecimal } from './decimal.ts'
import type { Print } from '../history/print.ts'

/** How a number is written. `bare` is an integer; inside jsonb it may also be a numeric, and in documents a double. */
type Form = 'bare' | 'string' | '$int' | '$numberLong' | '$real' | '$numberDouble' | '$numberDecimal'

interface Amount {
  readonly form: Form
  readonly number: Decimal
}

/** A counter in its three versions. */
export interface CounterVersions {
  /** `undefined`: the record was there without the field, and counting starts from 0. */
  readonly base: ValueText | undefined
  readonly ours: ValueText
  readonly theirs: ValueText
}

/**
 * base + (ours − base) + (theirs − base) as a value text at the greatest scale of the three.
 * @param print where the numbers are: a bare number is exact in jsonb, an int32 or double in documents, an integer in tables
 * @returns undefined when one of them is no number, when no column holds their forms together, or when the sum does not fit its form (a bare integer of a table beyond 2^53 is
 * written in a form that only its engine knows)
 */
export function addChanges(counter: CounterVersions, print: Print): ValueText | undefined {
  const [ours, theirs] = [readAmount(counter.ours), readAmount(counter.theirs)]
  if (ours === undefined || theirs === undefined) return undefined
  const base = counter.base === undefined ? { form: ours.form, number: ZERO } : readAmount(counter.base)
  if (base === undefined) return undefined
  const sum = addDecimals(addDecimals(ours.number, theirs.number), negate(base.number))
  return writeAmount(sum, new Set([base.form, ours.form, theirs.form]), print)
}

const ZERO: Decimal = { unscaled: 0n, scale: 0 }

function readAmount(text: ValueText): Amount | undefined {
  const kind = kindOf(text)
  if (kind === 'number') return amount('bare', text)
  if (kind === 'string') return amount('string', JSON.parse(text) as string)
  if (!isTypedValue(text)) return undefined
  const [entry, ...more] = splitObject(text)
  if (entry === undefined || more.length > 0 || kindOf(entry[1]) !== 'string') return undefined
  const form = TYPED.find((name) => name === entry[0])
  return form === undefined ? undefined : amount(form, JSON.parse(entry[1]) as string)
}

const TYPED: readonly Form[] = ['$int', '$numberLong', '$real', '$numberDouble', '$numberDecimal']

/** A string with an exponent is no amount: it is text, or a float whose printed form cannot be predicted. */
function amount(form: Form, digits: string): Amount | undefined {
  if (form === 'string' && /e/i.test(digits)) return undefined
  const number = parseDecimal(digits)
  return number === undefined ? undefined : { form, number }
}

function writeAmount(sum: Decimal, forms: ReadonlySet<Form>, print: Print): ValueText | undefined {
  const only = (...allowed: readonly Form[]): boolean => [...forms].every((form) => allowed.includes(form))
  if (only('string')) return `"${decimalText(sum)}"`
  if (only('$numberDecimal')) return fitsDecimal128(sum) ? wrap('$numberDecimal', decimalText(sum)) : undefined
  if (only('bare')) return bareText(sum, print)
  if (only('bare', 'string'))
    return sum.scale > 0 ? undefined : isSafe(sum) ? decimalText(sum) : `"${decimalText(sum)}"`
  if (only('bare', '$int')) return isSafe(sum) ? decimalText(sum) : wrap('$int', decimalText(sum))
  if (only('bare', '$int', '$real')) return wrap('$real', floatText(sum))
  if (only('bare', '$numberLong') && sum.scale === 0) return longText(sum)
  return only('bare', '$numberLong', '$numberDouble') ? doubleText(sum) : undefined
}

function bareText(sum: Decimal, print: Print): ValueText | undefined {
  if (print === 'jsonb') return decimalText(sum)
  if (print === 'sorted') return isSafe(sum) ? decimalText(sum) : undefined
  if (sum.scale > 0) return doubleText(sum)
  return fitsBits(sum, 32) ? decimalText(sum) : longText(sum)
}

function longText(sum: Decimal): ValueText | undefined {
  return fitsBits(sum, 64) ? wrap('$numberLong', decimalText(sum)) : undefined
}

/** True when the whole number fits a signed integer of this many bits. */
function fitsBits({ unscaled }: Decimal, bits: number): boolean {
  return BigInt.asIntN(bits, unscaled) === unscaled
}

/** The sum as a double of Extended JSON: bare when it has a fraction, else wrapped. */
function doubleText(sum: Decimal): ValueText {
  const number = Number(decimalText(sum))
  return Number.isInteger(number) ? wrap('$numberDouble', floatText(sum)) : String(number)
}

/** The shortest text that reads back as the double nearest to the exact sum; whole ones end in `.0`. */
function floatText(sum: Decimal): string {
  const text = String(Number(decimalText(sum)))
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

function wrap(form: Form, digits: string): ValueText {
  return `{"${form}":"${digits}"}`
}

function isSafe({ unscaled }: Decimal): boolean {
  return unscaled <= BigInt(Number.MAX_SAFE_INTEGER) && unscaled >= BigInt(Number.MIN_SAFE_INTEGER)
}

/** Decimal128 holds 34 digits. */
function fitsDecimal128({ unscaled }: Decimal): boolean {
  return unscaled.toString().replace('-', '').length <= 34
}
