import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * A range of addresses as every firewall writes it back, or undefined for what is none: `10.1.2.3/8` has bits behind
 * its prefix and is refused too, since clouds differ in what they make of them.
 */
export function canonicalCidr(raw: string): string | undefined {
  const [address = '', prefix = '', ...more] = raw.split('/')
  if (more.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(prefix)) return undefined
  const bits = Number(prefix)
  if (isIPv4(address))
    return bits <= 32 && isMasked(numberOf(address), 32 - bits) ? `${address}/${bits}` : undefined
  if (!isIPv6(address) || address.includes('%') || bits > 128) return undefined
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1)
  return isMasked(wideNumberOf(written), 128 - bits) ? `${written}/${bits}` : undefined
}

/** Of a range as `canonicalCidr` takes it. */
export const prefixOf = (range: string): number => Number(range.split('/')[1])

const isMasked = (value: bigint, hostBits: number): boolean =>
  (value & ((1n << BigInt(hostBits)) - 1n)) === 0n

const numberOf = (address: string): bigint =>
  address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n)

/** Of an address as a URL writes it: groups in hexadecimal, `::` once at most. */
function wideNumberOf(address: string): bigint {
  const [head = '', tail] = address.split('::')
  const [left, right] = [groupsIn(head), groupsIn(tail ?? '')]
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n)
}

const groupsIn = (part: string): readonly string[] => (part === '' ? [] : part.split(':'))

/** Whether the first range has the whole of the second in it; both as `canonicalCidr` takes them. */
export function containsRange(outer: string, inner: string): boolean {
  const [[outerAddress = ''], [innerAddress = '']] = [outer.split('/'), inner.split('/')]
  const family = isIPv4(outerAddress) ? 'ipv4' : 'ipv6'
  if (isIPv4(innerAddress) !== (family === 'ipv4') || prefixOf(outer) > prefixOf(inner)) return false
  const range = new BlockList()
  range.addSubnet(outerAddress, prefixOf(outer), family)
  return range.check(innerAddress, family)
}
