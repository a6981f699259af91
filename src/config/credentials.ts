/**
 * Which field names look like credentials. Such fields are omitted from exports unless the configuration says otherwise, because what was pushed once cannot be taken back.
 * Names are compared by whole words, so that `token_id`, `ticker` and `secretary` are exported. An ambiguous name (`token`) is omitted; `init` lists what it omits.
 */
/** Words that make a field a credential wherever they stand. */
const ALONE = new Set(
  (
    'password passwords passwd pwd passphrase passcode secret secrets credential credentials creds apikey apikeys apitoken accesstoken authtoken refreshtoken ' +
    'sessiontoken bearertoken privatekey secretkey accesskey clientsecret apisecret userpassword passwordhash hashedpassword mnemonic jwt totp cvv cvc'
  ).split(' '),
)

/** `X_key` is a credential for these X (a `public_key` or `foreign_key` is not). */
const BEFORE_KEY = new Set(
  'api private secret access encryption signing signature auth ssh master decryption hmac license app'.split(' '),
)

/** `X_token` is a credential for these X (a `base_token` or `quote_token` of a market is not). */
const BEFORE_TOKEN = new Set(
  (
    'access refresh auth api bearer session csrf xsrf reset id bot device push verification verify remember confirmation confirm invite invitation oauth login ' +
    'security service webhook personal recovery activation user unsubscribe magic'
  ).split(' '),
)

/** Pairs of words that make a field a credential when they follow each other. */
const PAIRS = new Set([
  'seed phrase',
  'recovery phrase',
  'recovery code',
  'recovery codes',
  'backup code',
  'backup codes',
  'wallet seed',
  'session string',
  'connection string',
  'pin code',
  'pin hash',
])

/** A name with one of these as its last word is about a credential and does not hold one: `password_changed_at`, `secret_id`. */
const TELLS_ABOUT = new Set(
  (
    'id ids name type kind at on date time timestamp count required enabled disabled expired expires expiry expiration ttl policy strength version length ' +
    'attempts status state updated changed created used'
  ).split(' '),
)

/** A name with one of these as its first word holds a yes or no, or a number: `has_password`. */
const ASKS = new Set('is has must needs requires failed num allow allows'.split(' '))

/** True when a field's (or a URL option's) name looks like a credential: `password_hash`, `apiKey`, `access_token`, `AWS_SECRET_ACCESS_KEY`. */
export function isCredentialField(name: string): boolean {
  const words = wordsOf(name)
  const first = words[0] ?? ''
  const last = words.at(-1) ?? ''
  if (words.length > 1 && (ASKS.has(first) || TELLS_ABOUT.has(last))) return false
  if (words.length === 1 && first === 'token') return true
  return words.some((word, i) => ALONE.has(word) || isPair(word, words[i + 1] ?? ''))
}

function isPair(word: string, next: string): boolean {
  if (next === 'key' || next === 'keys') return BEFORE_KEY.has(word)
  if (next === 'token' || next === 'tokens') return BEFORE_TOKEN.has(word)
  return PAIRS.has(`${word} ${next}`)
}

/** `APIKey`, `api_key`, `api-key2` → `['api', 'key']`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '')
}

/** Those of the names that look like credentials, in the order given. */
export function credentialFields(fieldNames: readonly string[]): string[] {
  return fieldNames.filter(isCredentialField)
}

/** Names of credentials in documents. `token` alone is not among them: in documents nobody would notice that a market's token is left out. */
const DOCUMENT_WORDS =
  'password,passwd,pwd,passphrase,secret,credentials,api key,api secret,api token,access key,access token,refresh token,auth token,bearer token,session token,' +
  'reset token,verification token,bot token,private key,secret key,client secret,encryption key,password hash,hashed password,encrypted password,password salt,' +
  'mnemonic,seed phrase,recovery codes,backup codes,totp secret,otp secret,mfa secret,jwt,connection string'

/** Top-level fields of documents that are omitted by default: each name above in `snake_case`, in `camelCase` and as one word. */
export const DOCUMENT_CREDENTIALS: readonly string[] = [
  ...new Set(
    DOCUMENT_WORDS.split(',').flatMap((words) => [
      words.replaceAll(' ', '_'),
      camelCase(words),
      words.replaceAll(' ', ''),
    ]),
  ),
]

function camelCase(words: string): string {
  return words.replace(/ ([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/**
 * The fields of a collection that are omitted, in the order of `fieldNames`.
 * @param omit as configured. undefined omits what looks like a credential; `[]` omits nothing; `["notes", "!token"]` omits `notes` and what looks like a credential, but not `token`
 */
export function omittedFields(omit: readonly string[] | undefined, fieldNames: readonly string[]): string[] {
  if (omit?.length === 0) return []
  const named = new Set(omit)
  return fieldNames.filter((name) => named.has(name) || (isCredentialField(name) && !named.has(`!${name}`)))
}
