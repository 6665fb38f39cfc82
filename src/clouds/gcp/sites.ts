import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { isGone } from './faults.ts'
import type { Eyes } from './images.ts'
import { pathOf } from './sdk.ts'
import type { GcpSettings } from './settings.ts'

/** Where machines and their rules are put, as paths from `projects/` on. */
export interface Site {
  readonly network: string
  readonly subnetwork: string
}

type Choice = Pick<GcpSettings, 'region' | 'network' | 'subnetwork' | 'firewall'>

/** Throws a CloudError that says what is missing. */
export function siteOf(eyes: Eyes, choice: Choice, call: Call): Promise<Site> {
  const { region, network, subnetwork } = choice
  return eyes.project.sites.of([region, network, subnetwork], async () => {
    const site =
      subnetwork === undefined
        ? await ofNetwork(eyes, choice, call)
        : await ofSubnetwork(eyes, { ...choice, subnetwork }, call)
    return site
  })
}

async function ofNetwork({ session }: Eyes, choice: Choice, call: Call): Promise<Site> {
  const { region, network = 'default' } = choice
  const path = network.startsWith('projects/')
    ? network
    : `projects/${session.project}/global/networks/${network}`
  const [, project = '', , , name = ''] = path.split('/')
  const [found] = await session
    .make('networks.get', call, options => session.clients.networks.get({ project, network: name }, options))
    .catch((error: unknown): never => {
      if (isGone(error)) throw new CloudError('invalid', missing(choice, project))
      throw error
    })
  const subnetworks = (found.subnetworks ?? []).map(pathOf)
  const own = subnetworks.find(each => each.includes(`/regions/${region}/`))
  if (own !== undefined) return { network: path, subnetwork: own }
  throw new CloudError(
    'invalid',
    `The network ${name} of ${project} has no subnetwork in ${region}: name one in spec.cloud.gcp.subnetwork`,
  )
}

const missing = ({ network }: Choice, project: string): string =>
  network === undefined
    ? `The project ${project} has no network named default: name one in spec.cloud.gcp.network, or make one with gcloud compute networks create default`
    : `There is no network ${network} in ${project}: correct spec.cloud.gcp.network`

async function ofSubnetwork(
  { session }: Eyes,
  { region, subnetwork }: Choice & { readonly subnetwork: string },
  call: Call,
): Promise<Site> {
  const path = subnetwork.startsWith('projects/')
    ? subnetwork
    : `projects/${session.project}/regions/${region}/subnetworks/${subnetwork}`
  const [, project = '', , where = '', , name = ''] = path.split('/')
  const [found] = await session
    .make('subnetworks.get', call, options =>
      session.clients.subnetworks.get({ project, region: where, subnetwork: name }, options),
    )
    .catch((error: unknown): never => {
      if (!isGone(error)) throw error
      throw new CloudError(
        'invalid',
        `There is no subnetwork ${name} in ${where} of ${project}: correct spec.cloud.gcp.subnetwork`,
      )
    })
  return { network: pathOf(found.network), subnetwork: path }
}
