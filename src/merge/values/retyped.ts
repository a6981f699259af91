/** A value as a migration that changed its field's type has written it: `18` in an int4 became `"18.00"` in a numeric(10,2), and that is nobody's edit. */
import { type ValueText, stringText } from '../../model/canonical.ts'
import { type Decimal, decimalText, parseDecimal, rescale } from './decimal.ts'

/** The type that a field has now, and the type in whose form the value stands. */
export interface Retyping {
  readonly from: string
  readonly to: string
}

const NUMBERS = /^(?:int[248]|float[48]|integer|real|numeric(?:\(.*\))?)$/
const WHOLE = /^int[248]$/
const SCALED = /^numeric\((\d+)(?:,(\d+))?\)$/
const TEXT = /^(?:text|varchar(?:\(\d+\))?)$/
/** Names of types that only SQLite has (its affinities); `numeric` and `text` are PostgreSQL's too. */
const SQLITE = /^(?:integer|real)$/
/** A number in one of the forms in which exports have it: bare, as a string, or typed. */
const FORMS = /^(?:(-?\d+)|"([^"\\]*)"|\{"\$(?:int|real)":"([^"\\]*)"\})$/

/** The value in the form of its new type; as it is where no conversion is known. */
export function inType(value: ValueText, { from, to }: Retyping): ValueText {
  if (from === to || !(NUMBERS.test(from) || TEXT.test(from))) return value
  const [, bare, quoted, typed] = FORMS.exec(value) ?? []
  const text = bare ?? quoted ?? typed
  const number = text === undefined ? undefined : parseDecimal(text)
  if (text === undefined || number === undefined) return value
  if (TEXT.test(to)) return NUMBERS.test(from) ? stringText(text) : value
  const isSqlite = SQLITE.test(from) || SQLITE.test(to)
  return (isSqlite ? affinityForm(number, to) : serverForm(number, to)) ?? value
}

/** As PostgreSQL converts: it rounds halves away from zero. */
function serverForm(number: Decimal, to: string): ValueText | undefined {
  const [, precision, scale = '0'] = SCALED.exec(to) ?? []
  if (precision !== undefined) return stringText(decimalText(rounded(number, Number(scale))))
  if (to === 'numeric') return stringText(decimalText(number))
  if (WHOLE.test(to)) return safeInteger(rounded(number, 0).unscaled)
  const digits = to === 'float8' ? shortest(number) : undefined
  return digits === undefined ? undefined : stringText(digits)
}

/** As SQLite stores it in a column of this affinity: a whole number as an integer, unless the affinity is real. */
function affinityForm(number: Decimal, to: string): ValueText | undefined {
  const digits = shortest(number)
  if (digits === undefined || !/^(?:integer|numeric|real)$/.test(to)) return undefined
  const isWhole = !digits.includes('.')
  if (isWhole && to !== 'real') return safeInteger(BigInt(digits))
  return `{"$real":"${isWhole ? `${digits}.0` : digits}"}`
}

function safeInteger(whole: bigint): ValueText | undefined {
  return whole > BigInt(Number.MAX_SAFE_INTEGER) || whole < -BigInt(Number.MAX_SAFE_INTEGER)
    ? undefined
    : whole.toString()
}

/** The fewest digits that read back as the same double; undefined where they would need an exponent, which not every program writes alike. */
function shortest(number: Decimal): string | undefined {
  const double = Number(decimalText(number))
  const size = Math.abs(double)
  return size === 0 || (size >= 1e-4 && size < 1e15) ? String(double === 0 ? 0 : double) : undefined
}

function rounded(number: Decimal, scale: number): Decimal {
  if (scale >= number.scale) return { unscaled: rescale(number, scale), scale }
  const half = 5n * 10n ** BigInt(number.scale - scale - 1)
  const away = number.unscaled < 0n ? -half : half
  return { unscaled: rescale({ unscaled: number.unscaled + away, scale: number.scale }, scale), scale }
}
