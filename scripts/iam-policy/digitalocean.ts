import { parseArgs } from 'node:util'
import { scopesFor } from '../../src/clouds/digitalocean/policy.ts'

export const digitalOceanHelp = `npm run --silent iam-policy -- digitalocean [--without-firewall]

Prints the least scopes that the operator's token needs, made of the calls it makes, one on a line.
  --without-firewall  where all clusters say firewall: None
`

/** What to do with the scopes that `digitalOceanScopes` gives. */
export const digitalOceanSteps = (): string =>
  'In the control panel: API, Generate New Token, Custom Scopes, then these. No tool of DigitalOcean makes a token.'

/** Throws an error whose message is for the person who asked. */
export function digitalOceanScopes(argv: readonly string[]): string {
  const { values } = parseArgs({
    args: [...argv],
    options: { 'without-firewall': { type: 'boolean', default: false } },
  })
  return scopesFor({ makesFirewalls: !values['without-firewall'] }).join('\n')
}
