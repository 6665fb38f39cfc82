import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { MachineId } from '../../model/names.ts'
import type { LaunchRequest } from '../contract.ts'
import { isOfLaunch, machineNames } from '../machine-names.ts'
import { idOf } from './droplets.ts'
import { readOffering } from './offerings.ts'
import { client, type Droplet, type DropletsWish } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'
import type { DigitalOceanSettings } from './settings.ts'
import type { Tries } from './tries.ts'

/** All droplets with a tag, on as many pages as there are. */
export const dropletsWith = (
  session: DigitalOceanSession,
  tag: string,
  call: Call,
): Promise<readonly Droplet[]> =>
  session.all(
    'droplets.list',
    call,
    (context, page) => client.droplets(context, page, tag),
    ({ droplets }) => droplets,
  )

export interface Launching {
  readonly session: DigitalOceanSession
  readonly tries: Tries
  readonly settings: DigitalOceanSettings
  /** Of the installation, the cluster and the launch: the last is this launch's alone. */
  readonly tags: { readonly all: readonly string[]; readonly launch: string }
}

/**
 * The droplets of a launch. DigitalOcean makes what it is asked for each time that it is asked, and lets two droplets have one
 * name: before anything is sent, it is asked what has the launch's tag.
 */
export function born(
  { session, tries, settings, tags }: Launching,
  request: LaunchRequest,
  call: Call,
): Promise<readonly MachineId[]> {
  const { token } = request
  return tries.single(token, async () => {
    const tagged = await dropletsWith(session, tags.launch, call)
    // A stranger's may have a copy of the tag.
    const before = tagged.filter(({ name }) => isOfLaunch(name, request.launch))
    // Lists may show a part before the others.
    if (before.length < request.count) tries.requireClear(token)
    if (before.length > 0) return before.map(idOf)
    const wish = wishOf(request, settings, tags.all)
    const droplets = await tries.send(token, () => made(session, wish, call))
    return droplets.map(idOf)
  })
}

async function made(
  session: DigitalOceanSession,
  wish: DropletsWish,
  call: Call,
): Promise<readonly Droplet[]> {
  const { droplets = [] } = await session.make('droplets.create', call, context =>
    client.createDroplets(context, wish),
  )
  if (droplets.length > 0) return droplets
  throw new CloudError('lost', 'droplets.create: DigitalOcean gave an answer without a droplet')
}

/** The same request gives the same. */
export function wishOf(
  { token, count, role, exposure, offering, userData }: LaunchRequest,
  { vpc, sshKeys, monitoring, ipv6, workerAddresses }: DigitalOceanSettings,
  tags: readonly string[],
): DropletsWish {
  const { size, region, image } = readOffering(offering)
  return {
    names: machineNames(token, count),
    region,
    size,
    image: /^\d+$/.test(image) ? Number(image) : image,
    tags,
    user_data: userData,
    ssh_keys: sshKeys.map(key => (/^\d+$/.test(key) ? Number(key) : key)),
    monitoring,
    ipv6,
    public_networking: exposure === 'Public' && (role === 'scheduler' || workerAddresses === 'Public'),
    with_droplet_agent: false,
    ...(vpc !== undefined && { vpc_uuid: vpc }),
  }
}
