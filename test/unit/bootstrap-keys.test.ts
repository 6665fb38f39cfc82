import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { aBoot } from '../support/boots.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { keysIn, scan } from '../support/scan.ts'

const { authority, scheduler, worker, client } = createBundle(anIdentity, Date.now())
const keys = { authority, scheduler, worker, client }
const known = Object.entries(keys).map(([name, { key }]) => ({ name, value: key }))
const ca = authority.certificate

test.each(['scheduler', 'worker'] as const)(
  'user data of a %s holds the key of its own role, once, and no other',
  role => {
    const { certificate: cert, key } = keys[role]
    const text = renderUserData(aBoot(role, { certificates: { ca, cert, key } }))
    for (const told of [text, gzipSync(text)]) {
      expect(keysIn(told)).toEqual(keysIn(key))
      expect(scan([{ name: role, text: told, holds: [role] }], known)).toEqual([])
      expect(scan([{ name: role, text: told }], known)).not.toEqual([])
    }
    const holding = [...text.matchAll(/PRIVATE KEY-----/g)]
    expect(holding).toHaveLength(2)
  },
)
