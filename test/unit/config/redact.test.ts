import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactUrl } from '../../../src/config/redact.ts'

describe('redactUrl', () => {
  it.each([
    ['postgres://app:hunter2@h:5432/d?schema=a', 'postgres://app:***@h:5432/d?schema=a'],
    ['postgres://app@h/d', 'postgres://app@h/d'],
    ['postgres://h:5432/d', 'postgres://h:5432/d'],
    ['postgres://:hunter2@h/d', 'postgres://:***@h/d'],
    ['mongodb://u:hunter2@a:1,b:2/d?replicaSet=r', 'mongodb://u:***@a:1,b:2/d?replicaSet=r'],
    ['postgres://u:hun@ter2@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:hun/ter2@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:12345/ter2@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:hun?ter2@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:hun#ter2@h/d', 'postgres://u:***@h/d'],
    ['postgres://h/d?password=hunter2&schema=a', 'postgres://h/d?password=***&schema=a'],
    ['postgres://h/d?p%61ssword=hunter2', 'postgres://h/d?p%61ssword=***'],
    ['postgres://h/d?sslpassword=hunter2', 'postgres://h/d?sslpassword=***'],
    ['mongodb://h/d?authMechanismProperties=AWS_SESSION_TOKEN:hunter2', 'mongodb://h/d?authMechanismProperties=***'],
    [
      'mongodb://h/d?tlsCertificateKeyFilePassword=hunter2&tls=true',
      'mongodb://h/d?tlsCertificateKeyFilePassword=***&tls=true',
    ],
    ['host=h user=u password=hunter2 dbname=d', 'host=h user=u password=*** dbname=d'],
    ["host=h password='hun ter2' dbname=d", 'host=h password=*** dbname=d'],
    ['sqlite:data/app.db', 'sqlite:data/app.db'],
  ])('makes %s into %s', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted)
  })

  it('shows no password, whatever its characters', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 12 }), (noise) => {
        expect(redactUrl(`postgres://user:${noise}S3CRET${noise}@host/db`)).not.toContain('S3CRET')
      }),
    )
  })
})
