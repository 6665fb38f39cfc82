import { canonicalCidr } from '../lib/cidr.ts'
import { list, object } from './schema/containers.ts'
import { choice, text } from './schema/scalars.ts'
import { implied } from './schema/schema.ts'

/** As every firewall writes it back. */
export const cidr = text({
  description: 'A range of IPv4 or IPv6 addresses, for example 203.0.113.0/24 or 2001:db8::/32.',
  min: 4,
  max: 43,
  rules: [
    {
      cel: 'isCIDR(self) && cidr(self) == cidr(self).masked()',
      message:
        'write a range of addresses with nothing behind its prefix, for example 203.0.113.0/24 or 2001:db8::/32',
      holds: value => canonicalCidr(value) !== undefined,
    },
  ],
})

export const exposure = implied(
  choice({
    description:
      'Public gives the scheduler an address that the internet reaches, and machines one to fetch their software by; ' +
      'Private leaves them the addresses of their own network: the operator and clients must reach it, and machines ' +
      'need a way out to fetch their software. A change replaces the workers, and gives the scheduler a public address or takes it away.',
    values: ['Public', 'Private'],
    default: 'Public',
  }),
  'Public',
)

export const allowedCIDRs = implied(
  list({
    description:
      'Who may connect to the scheduler from outside its own machines, beside the operator. They need a certificate of ' +
      'the cluster all the same. A class may name more of them.',
    items: cidr,
    max: 64,
    default: [],
  }),
  'nobody',
)

export const network = object({
  description: 'How the scheduler is reached. It has no effect in the local and the simulated cloud.',
  others: 'refused',
  default: {},
  fields: { exposure, allowedCIDRs },
})
