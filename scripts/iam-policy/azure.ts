import { parseArgs } from 'node:util'
import { type RoleWish, roleFor, scopeOf } from '../../src/clouds/azure/policy.ts'
import { azurePatterns } from '../../src/model/azure-names.ts'

export const azureHelp = `npm run --silent iam-policy -- azure --subscription ID [--resource-group NAME] [--part group|reads] [--network-group NAME] [--identity ID ...]

Prints the least custom role that the operator needs, made of the calls it makes, for az role definition create --role-definition @role.json;
the commands that make and assign it go to standard error, for the terminal.
  --subscription ID      the subscription that clusters are in
  --resource-group NAME  where all clusters name this group in resourceGroup: with --part group, which is the default, the role on the group;
                         with --part reads the role on the subscription that is needed beside it
  --network-group NAME   the role on another group, in which a virtual network or network security group of yours is
  --identity ID          the resource id of an identity that clusters may give their machines; may be given again
`

interface Asked {
  readonly wish: RoleWish
  readonly identities: readonly string[]
}

/** The role as JSON. Throws an error whose message is for the person who asked. */
export const azureRole = (argv: readonly string[]): string =>
  JSON.stringify(roleFor(asked(argv).wish), undefined, 2)

/** The commands that make the role and assign it, and grant what no role of a group should. */
export function azureSteps(argv: readonly string[]): string {
  const { wish, identities } = asked(argv)
  const { Name } = roleFor(wish)
  const steps = [
    'az role definition create --role-definition @role.json',
    assigning(Name, scopeOf(wish)),
    ...identities.map(id => assigning('Managed Identity Operator', id)),
  ]
  return steps.map(line => `# ${line}`).join('\n')
}

/** The object id, since an assignment by it needs no right to read the directory. */
const assigning = (role: string, scope: string): string =>
  `az role assignment create --assignee-object-id OBJECT_ID --assignee-principal-type ServicePrincipal --role "${role}" --scope "${scope}"`

function asked(argv: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      subscription: { type: 'string' },
      'resource-group': { type: 'string' },
      part: { type: 'string' },
      'network-group': { type: 'string' },
      identity: { type: 'string', multiple: true, default: [] },
    },
  })
  const identities = values.identity
  const odd = identities.find(id => !azurePatterns.identity.test(id))
  if (odd !== undefined)
    throw new Error(
      `--identity must be /subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/N, found ${odd}`,
    )
  const subscription = named(values.subscription, azurePatterns.guid, '--subscription must be the id of one')
  const groups = { own: values['resource-group'], network: values['network-group'] }
  return { wish: wishOf(subscription, groups, values.part), identities }
}

function wishOf(
  subscription: string,
  { own, network }: { readonly own: string | undefined; readonly network: string | undefined },
  part: string | undefined,
): RoleWish {
  if (own !== undefined && network !== undefined)
    throw new Error('--resource-group and --network-group are two roles: ask for one at a time')
  if (part !== undefined && own === undefined) throw new Error('--part goes with --resource-group')
  if (network !== undefined) return { of: 'network', subscription, resourceGroup: groupIn(network) }
  if (own === undefined) return { of: 'whole', subscription }
  if (part === 'reads') return { of: 'reads', subscription }
  if (part === undefined || part === 'group')
    return { of: 'group', subscription, resourceGroup: groupIn(own) }
  throw new Error(`--part must be one of group, reads, found ${part}`)
}

const groupIn = (name: string): string =>
  named(name, azurePatterns.resourceGroup, '--resource-group and --network-group must be names of groups')

function named(raw: string | undefined, pattern: RegExp, problem: string): string {
  if (raw !== undefined && pattern.test(raw)) return raw
  throw new Error(`${problem}, found ${raw ?? 'nothing'}`)
}
