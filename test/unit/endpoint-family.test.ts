import { expect, test } from 'vitest'
import { endpointFamily } from '../../src/lib/endpoint-family.ts'

test.each([
  ['10.0.0.7', 'IPv4'],
  ['203.0.113.7', 'IPv4'],
  ['127.64.1.2', undefined],
  ['0.0.0.0', undefined],
  ['169.254.169.254', undefined],
  ['224.0.0.9', undefined],
  ['2001:db8::7', 'IPv6'],
  ['::1', undefined],
  ['fe80::1', undefined],
  ['ff02::1', undefined],
  ['simulated.invalid', undefined],
  ['', undefined],
])('%s is taken as %s', (host, family) => {
  expect(endpointFamily(host)).toBe(family)
})
