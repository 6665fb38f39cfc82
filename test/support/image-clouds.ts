import { readFile } from 'node:fs/promises'
import { startEc2 } from './aws/ec2.ts'
import { Tenant as AwsTenant, reaching as reachingEc2 } from './aws/ec2-room.ts'
import { ec2Model } from './aws/model.ts'
import { AzureTenant } from './azure/azure-room.ts'
import { armModel } from './azure/model.ts'
import { startAzure } from './azure/server.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { doModel } from './digitalocean/model.ts'
import { DigitalOceanTenant } from './digitalocean/room.ts'
import { startDigitalOcean } from './digitalocean/server.ts'
import { startGce } from './gcp/gce.ts'
import { Tenant as GcpTenant, reaching as reachingGce } from './gcp/gce-room.ts'
import { computeModel } from './gcp/model.ts'
import type { Image } from './image.ts'
import type { OperatorProcess } from './operator.ts'
import { OperatorRoom } from './operator-room.ts'
import { ownAddress } from './own-address.ts'
import { aServerIdentity } from './server-identity.ts'

/** What is asked of an account at any cloud here. */
export interface Account {
  create(name: string, workers: object): Promise<unknown>
  readonly alive: readonly unknown[]
  readonly isAtRest: boolean
  readonly left: readonly string[]
}

export interface ImageClouds extends AsyncDisposable {
  readonly room: OperatorRoom
  readonly operator: OperatorProcess
  readonly accounts: Readonly<Record<string, Account>>
}

/** All simulated clouds, one account at each, and the operator of an image that is sent to them. */
export async function imageClouds(plane: SharedControlPlane, image: Image): Promise<ImageClouds> {
  await using all = new AsyncDisposableStack()
  const { authority, cert, key } = aServerIdentity()
  // Several lists show a machine whose end was asked for.
  const tempo = { bootMs: 500, deleteMs: 8_000 }
  const ec2 = all.use(await startEc2({ privateIp: ownAddress, model: await ec2Model() }))
  const azure = all.use(await startAzure({ key, cert }, { model: await armModel(), tempo }))
  azure.world.privateIp = (_prefix, number) => ownAddress(number)
  const cloud = all.use(await startDigitalOcean({ key, cert }, { model: await doModel(), tempo }))
  const gce = all.use(
    await startGce({ privateIp: ownAddress, model: await computeModel(), tempo: { endMs: 6_000 } }),
  )
  const room = all.use(await OperatorRoom.openApart(plane))
  const env = {
    ...reachingEc2(ec2),
    ...reachingGce(gce),
    AZURE_RESOURCE_MANAGER_ENDPOINT: azure.endpoint,
    AZURE_AUTHORITY_HOST: azure.endpoint,
    DIGITALOCEAN_API_URL: cloud.endpoint,
    NODE_EXTRA_CA_CERTS: await image.place('/etc/clouds.pem', authority),
  }
  const kubeconfig = await image.place('/etc/kubeconfig', await readFile(plane.kubeconfig, 'utf8'))
  const places = { 'state-directory': '/tmp/state', 'simulated-state': '/tmp/simulated.jsonl' }
  const operator = room.operator({
    command: image.command(env),
    settings: { kubeconfig, ...places, 'join-timeout': '1h' },
  })
  const accounts = {
    aws: await AwsTenant.open({ room, ec2, name: 'aws', account: '200000000001' }),
    azure: await AzureTenant.open({ room, azure, name: 'azure' }),
    digitalocean: await DigitalOceanTenant.open({ room, cloud, name: 'digitalocean' }),
    gcp: await GcpTenant.open({ room, gce, name: 'gcp' }),
  }
  const own = all.move()
  return { room, operator, accounts, [Symbol.asyncDispose]: () => own.disposeAsync() }
}
