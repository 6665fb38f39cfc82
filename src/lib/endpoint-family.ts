import { BlockList, isIP } from 'node:net'

/** Ranges that Kubernetes takes as the address of no endpoint: nobody but the machine itself, or its cable, is there. */
const refused = new BlockList()
refused.addAddress('0.0.0.0')
refused.addSubnet('127.0.0.0', 8)
refused.addSubnet('169.254.0.0', 16)
refused.addSubnet('224.0.0.0', 24)
refused.addAddress('::', 'ipv6')
refused.addAddress('::1', 'ipv6')
refused.addSubnet('fe80::', 10, 'ipv6')
refused.addSubnet('ff02::', 16, 'ipv6')

export type EndpointFamily = 'IPv4' | 'IPv6'

/** As what Kubernetes takes `host` as the address of an endpoint; undefined where it does not, a name for one. */
export function endpointFamily(host: string): EndpointFamily | undefined {
  switch (isIP(host)) {
    case 4:
      return refused.check(host) ? undefined : 'IPv4'
    case 6:
      return refused.check(host, 'ipv6') ? undefined : 'IPv6'
    default:
      return undefined
  }
}
