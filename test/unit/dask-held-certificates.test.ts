import { expect, test } from 'vitest'

import { heldCertificates } from '../../src/dask/held-certificates.ts'

const told = { cert: '0123456789abcdef', from: 1, until: 2, ca: ['fedcba9876543210', '0123456789abcdef'] }

test('what a machine tells of its certificates is read in milliseconds, and authorities in one order', () => {
  expect(heldCertificates(told)).toEqual({
    certificate: '0123456789abcdef',
    notBefore: 1_000,
    notAfter: 2_000,
    authorities: ['0123456789abcdef', 'fedcba9876543210'],
  })
})

test.each([
  undefined,
  {},
  { problem: 'unreadable' },
  { ...told, cert: 'no mark' },
  { ...told, from: 'x' },
  { ...told, until: Number.NaN },
  { ...told, until: 1e300 },
  { ...told, ca: 'x' },
  { ...told, ca: [1] },
])('%j is nothing that anybody can tell', raw => {
  expect(heldCertificates(raw)).toBeUndefined()
})
