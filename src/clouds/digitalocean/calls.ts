export interface CallFacts {
  /** What a token needs for it. */
  readonly scopes: readonly string[]
  /** What it needs only where the operator makes firewalls. */
  readonly ofFirewall?: true
  /** Calls that give back come before calls that take. */
  readonly isFirst?: true
  /** Without it nobody knows what there is to give back. */
  readonly isSight?: true
}

/**
 * Every call there is, by what it does to what. The scopes that `npm run iam-policy -- digitalocean` prints are made of this,
 * and no other call can be made. https://docs.digitalocean.com/reference/api/scopes
 */
export const calls = {
  'account.get': { scopes: ['account:read'] },
  'droplets.list': { scopes: ['droplet:read', 'tag:read', 'vpc:read'], isSight: true },
  // Its tags are made with a droplet.
  'droplets.create': { scopes: ['droplet:create', 'tag:create', 'ssh_key:read', 'vpc:read', 'image:read'] },
  'droplets.delete': { scopes: ['droplet:delete'], isFirst: true },
  'firewalls.list': { scopes: ['firewall:read'], ofFirewall: true, isSight: true },
  'firewalls.create': { scopes: ['firewall:create'], ofFirewall: true },
  'firewalls.update': { scopes: ['firewall:update'], ofFirewall: true },
  'firewalls.delete': { scopes: ['firewall:delete'], ofFirewall: true, isFirst: true },
  'tags.create': { scopes: ['tag:create'], ofFirewall: true },
  'tags.list': { scopes: ['tag:read'], isSight: true },
  'tags.delete': { scopes: ['tag:delete'] },
  'sizes.list': { scopes: ['sizes:read'] },
  'images.get': { scopes: ['image:read'] },
} as const satisfies Record<string, CallFacts>

export type CallName = keyof typeof calls
