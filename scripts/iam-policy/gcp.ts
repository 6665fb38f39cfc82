import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { roleFor } from '../../src/clouds/gcp/policy.ts'
import { gcpPatterns } from '../../src/model/gcp-names.ts'

export const gcpHelp = `npm run --silent iam-policy -- gcp [--shared-vpc service|host] [--without-firewall] [--service-account EMAIL ...] [--kms-key NAME ...]

Prints the least custom role that the operator needs, made of the calls it makes, for gcloud iam roles create --file.
  --shared-vpc PART        the half for the service project, where the machines are, or for the host project of a shared VPC
  --without-firewall       where all clusters say firewall: None, as they must in a shared VPC
  --service-account EMAIL  an account that clusters may give their machines; may be given again
  --kms-key NAME           the whole name of a key that disks of clusters are encrypted with; may be given again
`

/** The role as YAML; what else is to be granted, which no role of a project can say, stands above it as comments. Throws an error whose message is for the person who asked. */
export function gcpRole(argv: readonly string[]): string {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      'shared-vpc': { type: 'string' },
      'without-firewall': { type: 'boolean', default: false },
      'service-account': { type: 'string', multiple: true, default: [] },
      'kms-key': { type: 'string', multiple: true, default: [] },
    },
  })
  const of = partOf(values['shared-vpc'])
  const accounts = all(values['service-account'], gcpPatterns.email, '--service-account must be an e-mail')
  const keys = all(
    values['kms-key'],
    gcpPatterns.kmsKey,
    '--kms-key must be projects/P/locations/L/keyRings/R/cryptoKeys/K',
  )
  const role = roleFor({
    of,
    makesRules: !values['without-firewall'],
    givesServiceAccounts: accounts.length > 0,
  })
  const grants = of === 'host' ? [] : [...accounts.map(actingAs), ...keys.map(encrypting)]
  return [...steps(of), ...grants].map(line => `# ${line}`).join('\n') + `\n${stringify(role)}`.trimEnd()
}

function partOf(raw: string | undefined): 'all' | 'service' | 'host' {
  if (raw === undefined) return 'all'
  if (raw === 'service' || raw === 'host') return raw
  throw new Error(`--shared-vpc must be one of service, host, found ${raw}`)
}

function all(given: readonly string[], pattern: RegExp, problem: string): readonly string[] {
  const odd = given.find(each => !pattern.test(each))
  if (odd !== undefined) throw new Error(`${problem}, found ${odd}`)
  return given
}

function steps(of: 'all' | 'service' | 'host'): readonly string[] {
  const [project, id] =
    of === 'host' ? ['HOST', 'daskCloudOperatorNetwork'] : ['PROJECT', 'daskCloudOperator']
  return [
    `gcloud iam roles create ${id} --project ${project} --file FILE`,
    `gcloud projects add-iam-policy-binding ${project} --member serviceAccount:OPERATOR --role projects/${project}/roles/${id}`,
  ]
}

const actingAs = (email: string): string =>
  `gcloud iam service-accounts add-iam-policy-binding ${email} --member serviceAccount:OPERATOR --role roles/iam.serviceAccountUser`

/** Disks are encrypted by Compute Engine's own account of the project, whoever launches. */
const encrypting = (key: string): string =>
  `gcloud kms keys add-iam-policy-binding ${key} --member serviceAccount:service-PROJECT_NUMBER@compute-system.iam.gserviceaccount.com --role roles/cloudkms.cryptoKeyEncrypterDecrypter`
