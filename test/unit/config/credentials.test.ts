import { describe, expect, it } from 'vitest'
import { credentialFields, DOCUMENT_CREDENTIALS, omittedFields } from '../../../src/config/credentials.ts'

describe('credentialFields', () => {
  it.each(
    (
      'password passwd pwd Password user_password password_hash passwordHash password2 encrypted_password hashed_password PASSWORD_DIGEST secret client_secret api_secret ' +
      'secret_key api_key apikey apiKey APIKey api-key API_KEY x_api_key private_key privateKey encryption_key token access_token accessToken refresh_token auth_token ' +
      'api_token bot_token reset_token remember_token csrf_token session_token id_token mnemonic seed_phrase wallet_private_key totp_secret backup_codes jwt credentials ' +
      'cvv passphrase aws_secret_access_key connection_string'
    ).split(' '),
  )('holds %s', (name) => {
    expect(credentialFields([name])).toEqual([name])
  })

  it.each(
    (
      'token_id ticker token_address token_symbol token_name base_token quote_token token_in tokens max_tokens token_count tokenId public_key primary_key foreign_key key ' +
      'key_name keyboard id user_id username email profit_usd profit_sol secretary secret_id password_changed_at password_updated_at has_password is_secret ' +
      'password_expires access_token_expires_at failed_password_attempts passenger passport pass compass tokenized stockinette author authority account session ' +
      'signature hash seed side api_url secretion pinned asset_key sort_key'
    ).split(' '),
  )('does not hold %s', (name) => {
    expect(credentialFields([name])).toEqual([])
  })
})

describe('the closed list for documents', () => {
  it('holds each credential in three spellings, none of them ambiguous', () => {
    expect(DOCUMENT_CREDENTIALS).toEqual(expect.arrayContaining(['refresh_token', 'refreshToken', 'refreshtoken']))
    expect(DOCUMENT_CREDENTIALS).not.toContain('token')
    expect(new Set(DOCUMENT_CREDENTIALS).size).toBe(DOCUMENT_CREDENTIALS.length)
  })
})

describe('omittedFields', () => {
  const fields = ['id', 'token', 'password', 'notes']

  it.each<[title: string, omit: string[] | undefined, omitted: string[]]>([
    ['what looks like a credential when nothing is configured', undefined, ['token', 'password']],
    ['nothing for an empty list', [], []],
    ['a configured field besides the credentials', ['notes'], ['token', 'password', 'notes']],
    ['all credentials but those excepted', ['!token'], ['password']],
    ['only fields that there are', ['gone'], ['token', 'password']],
  ])('are %s', (_, omit, omitted) => {
    expect(omittedFields(omit, fields)).toEqual(omitted)
  })
})
