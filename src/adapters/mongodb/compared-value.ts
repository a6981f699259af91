/**
 * What MongoDB compares of a value in an index. Numbers of all types are compared by their exact value, a missing field is null, and a symbol is a string
 * (https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/).
 */
import { type RecordText, type ValueText, kindOf, objectText, splitArray, splitObject } from '../../model/canonical.ts'

/**
 * The value at a path with dots, as a text that is the same for equal values; undefined where an array is on the way, so that the document has several values in the index, or where the
 * record shows its bytes instead of its fields.
 */
export function comparedAt(record: RecordText, path: string): ValueText | undefined {
  let value: ValueText | undefined = record
  for (const name of path.split('.')) {
    if (value === undefined || kindOf(value) !== 'object') return 'null'
    const fields = splitObject(value)
    if (fields.has('$doc') || fields.has('$bson')) return undefined
    value = fields.get(name)
    if (value !== undefined && kindOf(value) === 'array') return undefined
  }
  return value === undefined ? 'null' : compared(value)
}

function compared(value: ValueText): ValueText {
  const kind = kindOf(value)
  if (kind === 'number') return `{"$n":"${exactDecimal(value)}"}`
  if (kind === 'array') return `[${splitArray(value).map(compared).join(',')}]`
  if (kind !== 'object') return value
  const fields = splitObject(value)
  const [only, ...more] = fields
  if (only !== undefined && more.length === 0) {
    const [name, content] = only
    if (name === '$symbol') return content
    if (name === '$numberDouble') return `{"$n":"${exactDouble(unquoted(content))}"}`
    if (name === '$numberLong' || name === '$numberDecimal') return `{"$n":"${exactDecimal(unquoted(content))}"}`
  }
  return objectText([...fields].map(([field, each]) => [field, compared(each)]))
}

function unquoted(text: ValueText): string {
  return text.slice(1, -1)
}

/** A decimal number as its digits without zeros at the end, and the power of ten. */
function exactDecimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return text // NaN, Infinity
  const [, sign = '', whole = '', fraction = '', power = '0'] = match
  return scaled(BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n), Number(power) - fraction.length)
}

/** The exact value of a double, which its shortest text is not. */
function exactDouble(text: string): string {
  const value = Number(text)
  if (!Number.isFinite(value)) return text
  let [digits, power, rest] = [0n, 0, Math.abs(value)]
  // every double is an integer divided by a power of two, which is an integer times a power of five divided by one of ten
  while (!Number.isInteger(rest)) {
    rest *= 2
    power--
  }
  digits = BigInt(rest) * 5n ** BigInt(-power)
  return scaled(value < 0 ? -digits : digits, power)
}

function scaled(digits: bigint, power: number): string {
  if (digits === 0n) return '0'
  const zeros = /0*$/.exec(digits.toString())?.[0].length ?? 0
  return `${digits.toString().slice(0, digits.toString().length - zeros)}e${power + zeros}`
}
