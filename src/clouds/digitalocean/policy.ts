import { type CallFacts, calls } from './calls.ts'

/** DigitalOcean gives no scope of a kind without the one to read that kind, nor any of droplets without these. */
const withDroplets = ['actions:read', 'image:read', 'regions:read', 'sizes:read']

export interface ScopesWish {
  /** Whether firewalls are the operator's to make: never where all clusters say `firewall: None`. */
  readonly makesFirewalls: boolean
}

/** The least that a token needs, made of the calls that are made with it. Sorted, each scope once. */
export function scopesFor({ makesFirewalls }: ScopesWish): readonly string[] {
  const facts: readonly CallFacts[] = Object.values(calls)
  const asked = facts.filter(({ ofFirewall }) => makesFirewalls || ofFirewall !== true)
  return [...new Set([...asked.flatMap(({ scopes }) => scopes), ...withDroplets])].toSorted()
}
